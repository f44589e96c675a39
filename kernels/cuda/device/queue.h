// queue.h: what a launcher needs of its device: the stream, scratch memory and a few properties.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace pg::cuda {

// Throws DeviceError with the name of the failed call.
void check(cudaError_t status, const char* call);
#define PG_CUDA(call) ::pg::cuda::check((call), #call)

class PackedFilters;

// What addresses of a queue that measures are: aligned, and never read.
inline void* const kNowhere = reinterpret_cast<void*>(uintptr_t{1} << 46);

// measure: launches do nothing, and memory is only counted; the device tells its properties.
enum class QueueUse : uint8_t { device, measure };

// One device with one stream. Everything is queued on that stream, so memory that a launcher is
// done with may be used by the next one.
class Queue {
 public:
  Queue(int device, MatrixMath math, QueueUse use = QueueUse::device);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  cudaStream_t stream() const { return stream_; }
  MatrixMath math() const { return math_; }
  bool measures() const { return use_ == QueueUse::measure; }
  int device() const { return device_; }
  int processors() const { return processors_; }  // streaming multiprocessors
  int64_t smem_per_block() const {
    return smem_per_block_;
  }  // largest dynamic shared memory, bytes

  // Scratch of at least `bytes`, 256-byte aligned, valid until the next call of scratch(): one
  // launcher takes it once and cuts it up. Growing keeps the old buffer, since a captured graph may
  // still use it; while capturing it is an error.
  void* scratch(int64_t bytes);

  // Transformed copies of filters (packed_filters.h).
  PackedFilters& forms() { return *forms_; }

  // Bytes of scratch, outgrown buffers among them, and of transformed filters.
  int64_t workspace_bytes() const;

 private:
  int device_;
  MatrixMath math_;
  QueueUse use_;
  cudaStream_t stream_ = nullptr;
  int processors_ = 0;
  int64_t smem_per_block_ = 0;
  std::vector<void*> buffers_;  // the last one is in use
  int64_t scratch_bytes_ = 0;   // of that
  int64_t held_bytes_ = 0;      // of all
  std::unique_ptr<PackedFilters> forms_;
};

}  // namespace pg::cuda
