// queue.cpp: the stream and the properties of a device.
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

Queue::Queue(int device, MatrixMath math, QueueUse use)
    : device_(device), math_(math), use_(use), scratch_(use) {
  PG_CUDA(cudaSetDevice(device));
  int value = 0;
  PG_CUDA(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, device));
  PG_CUDA(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  smem_per_block_ = value;
  if (!measures()) PG_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

Queue::~Queue() {
  if (stream_ != nullptr) cudaStreamDestroy(stream_);
}

int64_t Queue::workspace_bytes() const {
  int64_t bytes = scratch_.held_bytes();
  for (const auto& [type, cache] : caches_) bytes += cache->bytes();
  return bytes;
}

}  // namespace pg::cuda
