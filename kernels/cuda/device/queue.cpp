// queue.cpp: the stream and the properties of a device.
#include "kernels/cuda/device/queue.h"

#include <cstdlib>
#include <string_view>

#include "kernels/cuda/device/explain.h"

namespace pg::cuda {

namespace {

// Empty where the toolkit or the driver is too old to tell.
std::string name_of(const void* kernel) {
#if CUDART_VERSION >= 12030
  const char* name = nullptr;
  if (cudaFuncGetName(&name, kernel) == cudaSuccess) return readable_kernel(name);
  cudaGetLastError();
#endif
  return "";
}

// PROGAN_CUDA_OVERLAP=off: to find out whether it causes a fault.
bool can_overlap_kernels(int device) {
  constexpr int kHopper = 9, kFirstDriver = 12030;  // the first whose graphs hold such launches
  int major = 0, driver = 0;
  PG_CUDA(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  PG_CUDA(cudaDriverGetVersion(&driver));
  const char* const variable = std::getenv("PROGAN_CUDA_OVERLAP");
  const std::string_view wish = variable == nullptr ? "on" : variable;
  PG_CHECK(wish == "on" || wish == "off", UsageError,
           "PROGAN_CUDA_OVERLAP must be on or off, got '", wish, "'");
  return major >= kHopper && driver >= kFirstDriver && CUDART_VERSION >= kFirstDriver &&
         wish == "on";
}

}  // namespace

Queue::Queue(int device, MatrixMath math, QueueUse use, const CudaOptions& options)
    : device_(device), math_(math), use_(use), options_(options), scratch_(use) {
  PG_CUDA(cudaSetDevice(device));
  int value = 0;
  PG_CUDA(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device));
  PG_CUDA(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  smem_per_block_ = value;
  overlaps_kernels_ = !checks_launches() && can_overlap_kernels(device);
  if (!measures()) PG_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

Queue::Queue(const QueueProperties& properties, MatrixMath math, const CudaOptions& options)
    : device_(0),
      math_(math),
      use_(QueueUse::measure),
      options_(options),
      processors_(properties.processors),
      smem_per_block_(properties.smem_per_block),
      listener_(properties.listener),
      scratch_(QueueUse::measure) {}

Queue::~Queue() {
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

void Queue::raise_smem_limit(const void* kernel) const {
  if (raised_.contains(kernel)) return;
  PG_CUDA(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(smem_per_block_)));
  raised_.insert(kernel);
}

// The name is read now, since a device that failed answers no calls.
void Queue::begin_launch(const void* kernel) const {
  PG_CUDA(cudaDeviceSynchronize());
  const auto [entry, is_new] = names_.try_emplace(kernel);
  if (is_new) entry->second = name_of(kernel);
}

// Unless launches are checked, a fatal error may be that of an earlier kernel.
void Queue::end_launch(const void* kernel, cudaError_t status) const {
  if (!checks_launches()) {
    check(status, "cudaLaunchKernelEx", explain(status).fatal ? "" : name_of(kernel));
    return;
  }
  if (status == cudaSuccess) status = cudaStreamSynchronize(stream_);
  check(status, "cudaLaunchKernelEx", names_[kernel]);
}

int64_t Queue::workspace_bytes() const {
  int64_t bytes = scratch_.held_bytes();
  for (const auto& [type, cache] : caches_) bytes += cache->bytes();
  return bytes;
}

}  // namespace pg::cuda
