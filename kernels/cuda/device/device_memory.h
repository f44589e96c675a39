// device_memory.h: a buffer of device memory that grows, for what is computed between two launches.
#pragma once

#include <vector>

#include "kernels/cuda/device/queue.h"
#include "kernels/math.h"

namespace pg::cuda {

// Offsets of pieces of one buffer, each 256-byte aligned.
class Pieces {
 public:
  // The offset of a new piece.
  int64_t add(int64_t bytes) {
    constexpr int64_t kAlignment = 256;
    const int64_t offset = bytes_;
    bytes_ += round_up(bytes, kAlignment);
    return offset;
  }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_ = 0;
};

// Like Queue::scratch(), for a caller whose launches may want that one. Growing keeps the old
// buffer, since a captured graph may still use it; while capturing it is an error.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  // At least `bytes`, 256-byte aligned, valid until the next call.
  char* get(int64_t bytes);

 private:
  std::vector<void*> buffers_;  // the last one is in use
  int64_t bytes_ = 0;
};

}  // namespace pg::cuda
