// queue.h: the device as launchers see it: a stream, scratch memory, caches, properties.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <typeindex>

#include "kernels/backend.h"
#include "kernels/cuda/device/cuda_check.h"
#include "kernels/cuda/device/device_memory.h"

namespace pg::cuda {

// Something a kernel family keeps on a queue between launches, such as packed filters.
class QueueCache {
 public:
  virtual ~QueueCache() = default;
  virtual int64_t bytes() const = 0;  // of device memory
};

// One device with one stream. Everything is queued on that stream, so memory that one launcher has
// finished with may be used by the next.
class Queue {
 public:
  Queue(int device, MatrixMath math, QueueUse use = QueueUse::device);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  cudaStream_t stream() const { return stream_; }
  MatrixMath math() const { return math_; }
  QueueUse use() const { return use_; }
  bool measures() const { return use_ == QueueUse::measure; }
  int device() const { return device_; }
  int processors() const { return processors_; }              // streaming multiprocessors
  int64_t smem_per_block() const { return smem_per_block_; }  // largest dynamic one, bytes

  // Scratch memory as DeviceMemory::get(): a launcher takes it once and divides it itself.
  void* scratch(int64_t bytes) { return scratch_.get(bytes); }

  // The queue's cache of this type, made from use() at the first call.
  template <typename Cache>
  Cache& cache() {
    std::unique_ptr<QueueCache>& cache = caches_[typeid(Cache)];
    if (cache == nullptr) cache = std::make_unique<Cache>(use_);
    return static_cast<Cache&>(*cache);
  }

  // Bytes of scratch memory, including outgrown buffers, and of caches.
  int64_t workspace_bytes() const;

 private:
  int device_;
  MatrixMath math_;
  QueueUse use_;
  cudaStream_t stream_ = nullptr;
  int processors_ = 0;
  int64_t smem_per_block_ = 0;
  DeviceMemory scratch_;
  std::map<std::type_index, std::unique_ptr<QueueCache>> caches_;
};

}  // namespace pg::cuda
