// fake_cublaslt.cpp: a libcublasLt.so.13 that multiplies matrices in host memory by literal loops.
//
// Of its three algorithms the first fails, and the second splits the sum in a way that a careful
// caller forbids; its result is NaN.
#include <cublasLt.h>

#include <bit>
#include <cstring>
#include <limits>

namespace {

enum Algorithm : uint64_t { kFails, kInPlace, kGood, kAlgorithms };

struct Matrix {  // column-major, as in cuBLASLt
  cudaDataType_t type;
  int64_t rows, columns, leading;
};
struct Product {
  cublasOperation_t a = CUBLAS_OP_N, b = CUBLAS_OP_N;
};

double get(const Matrix& m, const void* data, int64_t row, int64_t column) {
  const int64_t i = row + column * m.leading;
  if (m.type == CUDA_R_32F) return static_cast<const float*>(data)[i];
  return std::bit_cast<float>(uint32_t{static_cast<const uint16_t*>(data)[i]} << 16);
}

void put(const Matrix& m, void* data, int64_t row, int64_t column, double v) {
  const int64_t i = row + column * m.leading;
  if (m.type == CUDA_R_32F) {
    static_cast<float*>(data)[i] = static_cast<float>(v);
    return;
  }
  const uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(v));
  static_cast<uint16_t*>(data)[i] = static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

template <typename T>
T& as(void* opaque) {
  return *static_cast<T*>(opaque);
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() { return CUBLAS_VERSION; }
const char* cublasLtGetStatusString(cublasStatus_t) { return "error of the stand-in"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = reinterpret_cast<cublasLtHandle_t>(new int(0));
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete reinterpret_cast<int*>(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t,
                                        cudaDataType_t) {
  *desc = new cublasLtMatmulDescOpaque_t{};
  as<Product>(*desc) = {};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  delete desc;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t name,
                                              const void* value, size_t size) {
  auto& product = as<Product>(desc);
  std::memcpy(name == CUBLASLT_MATMUL_DESC_TRANSA ? &product.a : &product.b, value, size);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          uint64_t rows, uint64_t columns, int64_t leading) {
  *layout = new cublasLtMatrixLayoutOpaque_t{};
  as<Matrix>(*layout) = {type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), leading};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new cublasLtMatmulPreferenceOpaque_t{{CUBLASLT_REDUCTION_SCHEME_MASK}};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t name,
                                                    const void* value, size_t size) {
  if (name == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK) {
    preference->data[0] = 0;
    std::memcpy(&preference->data[0], value, size);
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t results[],
                                              int* count) {
  *count = 0;
  for (uint64_t i = 0; i < kAlgorithms && *count < most; ++i) {
    if (i == kInPlace && (preference->data[0] & CUBLASLT_REDUCTION_SCHEME_INPLACE) == 0) continue;
    auto& result = results[(*count)++];
    result = {};
    result.algo.data[0] = i;
    result.workspaceSize = 1000;
    result.state = CUBLAS_STATUS_SUCCESS;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t bytes,
                              cudaStream_t) {
  if (algorithm->data[0] == kFails) return CUBLAS_STATUS_EXECUTION_FAILED;
  std::memset(workspace, 0xff, bytes);
  const auto& product = as<Product>(desc);
  const auto& am = as<Matrix>(a_layout);
  const auto& bm = as<Matrix>(b_layout);
  const auto& dm = as<Matrix>(d_layout);
  const double factor = *static_cast<const float*>(alpha), keep = *static_cast<const float*>(beta);
  const int64_t length = product.a == CUBLAS_OP_N ? am.columns : am.rows;
  for (int64_t j = 0; j < dm.columns; ++j) {
    for (int64_t i = 0; i < dm.rows; ++i) {
      double sum = 0.0;
      for (int64_t l = 0; l < length; ++l) {
        sum += (product.a == CUBLAS_OP_N ? get(am, a, i, l) : get(am, a, l, i)) *
               (product.b == CUBLAS_OP_N ? get(bm, b, l, j) : get(bm, b, j, l));
      }
      const double before = keep == 0.0 ? 0.0 : keep * get(dm, c, i, j);
      const bool spoil = algorithm->data[0] == kInPlace;
      put(dm, d, i, j, spoil ? std::numeric_limits<double>::quiet_NaN() : factor * sum + before);
    }
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
