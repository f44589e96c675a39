// device_memory.cpp: allocation in whole megabytes.
#include "kernels/cuda/device/device_memory.h"

#include <algorithm>

namespace pg::cuda {

DeviceMemory::~DeviceMemory() {
  for (void* p : buffers_) cudaFree(p);
}

char* DeviceMemory::get(int64_t bytes) {
  if (buffers_.empty() || bytes > bytes_) {
    constexpr int64_t kUnit = 1 << 20;
    const int64_t rounded = round_up(std::max<int64_t>(bytes, 1), kUnit);
    void* p = nullptr;
    PG_CUDA(cudaMalloc(&p, static_cast<size_t>(rounded)));
    buffers_.push_back(p);
    bytes_ = rounded;
  }
  return static_cast<char*>(buffers_.back());
}

}  // namespace pg::cuda
