// api.cpp: looks up the functions, and turns their status codes into errors.
#include "kernels/cuda/vendor/api.h"

#include "kernels/cuda/device/cuda_check.h"
#include "kernels/error.h"

namespace pg::cuda {
namespace {

// Both libraries encode versions as 10000 major + 100 minor + patch.
std::string dotted(size_t version) {
  return message(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

}  // namespace

Cudnn::Cudnn(const std::vector<std::string>& names) : library(names) {
  const bool complete = library.find(get_version, "cudnnGetVersion") &&
                        library.find(error_string, "cudnnGetErrorString") &&
                        library.find(last_error_string, "cudnnGetLastErrorString") &&
                        library.find(create, "cudnnCreate") &&
                        library.find(destroy, "cudnnDestroy") &&
                        library.find(set_stream, "cudnnSetStream") &&
                        library.find(create_descriptor, "cudnnBackendCreateDescriptor") &&
                        library.find(destroy_descriptor, "cudnnBackendDestroyDescriptor") &&
                        library.find(set_attribute, "cudnnBackendSetAttribute") &&
                        library.find(get_attribute, "cudnnBackendGetAttribute") &&
                        library.find(finalize, "cudnnBackendFinalize") &&
                        library.find(execute, "cudnnBackendExecute");
  reason = library.reason();
  if (complete && get_version() / 10000 != CUDNN_MAJOR) {
    reason = message(library.path(), " is cuDNN ", version(), ": expected cuDNN ", CUDNN_MAJOR);
  }
}

std::string Cudnn::version() const { return dotted(get_version()); }

// A device that failed earlier is the reason, and its own error says more.
void Cudnn::check(cudnnStatus_t status, const char* call) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  PG_CUDA(cudaDeviceSynchronize());
  char detail[1024] = "";
  last_error_string(detail, sizeof detail);
  throw DeviceError(message("cuDNN: ", error_string(status), " (in ", call, ") ", detail));
}

CublasLt::CublasLt(const std::vector<std::string>& names) : library(names) {
  library.find(get_version, "cublasLtGetVersion") &&
      library.find(status_string, "cublasLtGetStatusString") &&
      library.find(create, "cublasLtCreate") && library.find(destroy, "cublasLtDestroy") &&
      library.find(desc_create, "cublasLtMatmulDescCreate") &&
      library.find(desc_destroy, "cublasLtMatmulDescDestroy") &&
      library.find(desc_set, "cublasLtMatmulDescSetAttribute") &&
      library.find(layout_create, "cublasLtMatrixLayoutCreate") &&
      library.find(layout_destroy, "cublasLtMatrixLayoutDestroy") &&
      library.find(preference_create, "cublasLtMatmulPreferenceCreate") &&
      library.find(preference_destroy, "cublasLtMatmulPreferenceDestroy") &&
      library.find(preference_set, "cublasLtMatmulPreferenceSetAttribute") &&
      library.find(get_heuristic, "cublasLtMatmulAlgoGetHeuristic") &&
      library.find(matmul, "cublasLtMatmul");
  reason = library.reason();
}

std::string CublasLt::version() const { return dotted(get_version()); }

void CublasLt::check(cublasStatus_t status, const char* call) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  PG_CUDA(cudaDeviceSynchronize());
  throw DeviceError(message("cuBLASLt: ", status_string(status), " (in ", call, ")"));
}

}  // namespace pg::cuda
