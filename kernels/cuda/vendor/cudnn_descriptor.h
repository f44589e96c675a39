// cudnn_descriptor.h: an object of cuDNN's graph API with typed attributes.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "kernels/cuda/vendor/api.h"

namespace pg::cuda {

// An address in device memory; a separate type, since descriptors are void* too.
struct DataPointer {
  void* address;
};

class CudnnDescriptor {
 public:
  CudnnDescriptor(const Cudnn& api, cudnnBackendDescriptorType_t type) : api_(&api) {
    api.check(api.create_descriptor(type, &handle_), "cudnnBackendCreateDescriptor");
  }
  ~CudnnDescriptor() {
    if (handle_ != nullptr) api_->destroy_descriptor(handle_);
  }
  CudnnDescriptor(CudnnDescriptor&& other) noexcept
      : api_(other.api_), handle_(std::exchange(other.handle_, nullptr)) {}
  CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(handle_, other.handle_);
    return *this;
  }

  cudnnBackendDescriptor_t handle() const { return handle_; }

  // Set one value or several. Throw DeviceError.
  template <typename T>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const T& value) {
    return set(name, std::span<const T>(&value, 1));
  }
  template <typename T>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, std::span<const T> values) {
    api_->check(api_->set_attribute(handle_, name, attribute_type(T{}),
                                    static_cast<int64_t>(values.size()), values.data()),
                "cudnnBackendSetAttribute");
    return *this;
  }
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const CudnnDescriptor& value) {
    return set(name, value.handle_);
  }

  // Throws DeviceError if cuDNN rejects the descriptor.
  CudnnDescriptor& finalize() {
    api_->check(api_->finalize(handle_), "cudnnBackendFinalize");
    return *this;
  }
  // False if cuDNN rejects the descriptor: it does not support this case.
  bool try_finalize() { return api_->finalize(handle_) == CUDNN_STATUS_SUCCESS; }

  // At most `most` values of an attribute.
  template <typename T>
  std::vector<T> get(cudnnBackendAttributeName_t name, int64_t most) const {
    std::vector<T> values(static_cast<size_t>(most));
    int64_t count = 0;
    api_->check(
        api_->get_attribute(handle_, name, attribute_type(T{}), most, &count, values.data()),
        "cudnnBackendGetAttribute");
    values.resize(static_cast<size_t>(std::min(count, most)));
    return values;
  }
  // Fills existing descriptors, as the API requires; returns how many were filled.
  int64_t get(cudnnBackendAttributeName_t name, std::vector<CudnnDescriptor>& into) const {
    std::vector<cudnnBackendDescriptor_t> handles;
    for (const CudnnDescriptor& d : into) handles.push_back(d.handle_);
    int64_t count = 0;
    api_->check(api_->get_attribute(handle_, name, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                    static_cast<int64_t>(handles.size()), &count, handles.data()),
                "cudnnBackendGetAttribute");
    return count;
  }

 private:
  static cudnnBackendAttributeType_t attribute_type(char) { return CUDNN_TYPE_CHAR; }
  static cudnnBackendAttributeType_t attribute_type(int64_t) { return CUDNN_TYPE_INT64; }
  static cudnnBackendAttributeType_t attribute_type(double) { return CUDNN_TYPE_DOUBLE; }
  static cudnnBackendAttributeType_t attribute_type(DataPointer) { return CUDNN_TYPE_VOID_PTR; }
  static cudnnBackendAttributeType_t attribute_type(cudnnHandle_t) { return CUDNN_TYPE_HANDLE; }
  static cudnnBackendAttributeType_t attribute_type(cudnnDataType_t) {
    return CUDNN_TYPE_DATA_TYPE;
  }
  static cudnnBackendAttributeType_t attribute_type(cudnnConvolutionMode_t) {
    return CUDNN_TYPE_CONVOLUTION_MODE;
  }
  static cudnnBackendAttributeType_t attribute_type(cudnnBackendHeurMode_t) {
    return CUDNN_TYPE_HEUR_MODE;
  }
  static cudnnBackendAttributeType_t attribute_type(cudnnBackendNumericalNote_t) {
    return CUDNN_TYPE_NUMERICAL_NOTE;
  }
  static cudnnBackendAttributeType_t attribute_type(cudnnBackendBehaviorNote_t) {
    return CUDNN_TYPE_BEHAVIOR_NOTE;
  }
  static cudnnBackendAttributeType_t attribute_type(cudnnBackendDescriptor_t) {
    return CUDNN_TYPE_BACKEND_DESCRIPTOR;
  }

  const Cudnn* api_;
  cudnnBackendDescriptor_t handle_ = nullptr;
};

}  // namespace pg::cuda
