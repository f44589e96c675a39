// device_memory.h: a growing buffer of device memory, and the layout of several arrays in it.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/math.h"

namespace pg::cuda {

// measure: launches do nothing and memory is only counted; device properties are still real.
enum class QueueUse : uint8_t { device, measure };

// The address of all memory that is only counted: aligned, and never read.
inline void* const kNowhere = reinterpret_cast<void*>(uintptr_t{1} << 46);

// Offsets of arrays in one buffer, each 256-byte aligned.
class BufferLayout {
 public:
  // The offset of a new array.
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

// Growing keeps the old buffer, since a captured graph may still use it. Growing during a capture
// is an error.
class DeviceMemory {
 public:
  explicit DeviceMemory(QueueUse use = QueueUse::device) : use_(use) {}
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  // At least `bytes`, 256-byte aligned, valid until the next call; null if nothing was ever needed.
  char* get(int64_t bytes);

  // Bytes of the buffer and of those it outgrew.
  int64_t held_bytes() const { return held_bytes_; }

 private:
  QueueUse use_;
  std::vector<void*> buffers_;  // the last one is in use
  int64_t bytes_ = 0;           // of the last one
  int64_t held_bytes_ = 0;      // of all
};

}  // namespace pg::cuda
