// device_memory.cpp: allocation in whole mebibytes.
#include "kernels/cuda/device/device_memory.h"

#include "kernels/cuda/device/cuda_check.h"

namespace pg::cuda {

DeviceMemory::~DeviceMemory() {
  if (use_ == QueueUse::measure) return;
  for (void* p : buffers_) cudaFree(p);
}

char* DeviceMemory::get(int64_t bytes) {
  if (bytes > bytes_) {
    constexpr int64_t kUnit = 1 << 20;
    const int64_t rounded = round_up(bytes, kUnit);
    void* p = kNowhere;
    if (use_ == QueueUse::device) PG_CUDA(cudaMalloc(&p, static_cast<size_t>(rounded)));
    buffers_.push_back(p);
    bytes_ = rounded;
    held_bytes_ += rounded;
  }
  return buffers_.empty() ? nullptr : static_cast<char*>(buffers_.back());
}

}  // namespace pg::cuda
