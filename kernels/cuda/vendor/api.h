// api.h: the functions of cuDNN and cuBLASLt that the project calls, looked up at run time.
#pragma once

#include <cublasLt.h>
#include <cudnn_graph.h>

#include <string>

#include "kernels/cuda/vendor/shared_library.h"

namespace pg::cuda {

// cuDNN 9; only its graph API is used.
struct Cudnn {
  SharedLibrary library;
  std::string reason;  // why it cannot be used, as SharedLibrary::reason(); empty if it can

  decltype(&cudnnGetVersion) get_version = nullptr;
  decltype(&cudnnGetErrorString) error_string = nullptr;
  decltype(&cudnnGetLastErrorString) last_error_string = nullptr;
  decltype(&cudnnCreate) create = nullptr;
  decltype(&cudnnDestroy) destroy = nullptr;
  decltype(&cudnnSetStream) set_stream = nullptr;
  decltype(&cudnnBackendCreateDescriptor) create_descriptor = nullptr;
  decltype(&cudnnBackendDestroyDescriptor) destroy_descriptor = nullptr;
  decltype(&cudnnBackendSetAttribute) set_attribute = nullptr;
  decltype(&cudnnBackendGetAttribute) get_attribute = nullptr;
  decltype(&cudnnBackendFinalize) finalize = nullptr;
  decltype(&cudnnBackendExecute) execute = nullptr;

  // Opens the library; tests pass other names.
  explicit Cudnn(const std::vector<std::string>& names = {"libcudnn.so.9"});
  std::string version() const;  // "9.19.0"
  // Throws DeviceError with cuDNN's own message.
  void check(cudnnStatus_t status, const char* call) const;
};

// cuBLASLt 13 or 12.
struct CublasLt {
  SharedLibrary library;
  std::string reason;

  decltype(&cublasLtGetVersion) get_version = nullptr;
  decltype(&cublasLtGetStatusString) status_string = nullptr;
  decltype(&cublasLtCreate) create = nullptr;
  decltype(&cublasLtDestroy) destroy = nullptr;
  decltype(&cublasLtMatmulDescCreate) desc_create = nullptr;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy = nullptr;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set = nullptr;
  decltype(&cublasLtMatrixLayoutCreate) layout_create = nullptr;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create = nullptr;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy = nullptr;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set = nullptr;
  decltype(&cublasLtMatmulAlgoGetHeuristic) get_heuristic = nullptr;
  decltype(&cublasLtMatmul) matmul = nullptr;

  explicit CublasLt(const std::vector<std::string>& names = {"libcublasLt.so.13",
                                                             "libcublasLt.so.12"});
  std::string version() const;
  void check(cublasStatus_t status, const char* call) const;
};

}  // namespace pg::cuda
