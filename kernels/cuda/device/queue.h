// queue.h: the device as launchers see it: a stream, scratch memory, caches, properties.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <typeindex>

#include "kernels/backend.h"
#include "kernels/cuda/device/cuda_check.h"
#include "kernels/cuda/device/device_memory.h"
#include "kernels/planning.h"

namespace pg::cuda {

// Something a kernel family keeps on a queue between launches, such as packed filters.
class QueueCache {
 public:
  virtual ~QueueCache() = default;
  virtual int64_t bytes() const = 0;  // of device memory
};

struct QueueProperties {
  int processors = 0;          // streaming multiprocessors
  int64_t smem_per_block = 0;  // largest dynamic one, bytes
  LaunchListener listener{};   // receives the launches of a queue that only measures
};

// One device with one stream. Everything is queued on that stream, so memory that one launcher has
// finished with may be used by the next.
class Queue {
 public:
  Queue(int device, MatrixMath math, QueueUse use = QueueUse::device,
        const CudaOptions& options = {});
  // One that only measures, for a GPU that need not exist: it makes no call of CUDA.
  Queue(const QueueProperties& properties, MatrixMath math, const CudaOptions& options);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  cudaStream_t stream() const { return stream_; }
  MatrixMath math() const { return math_; }
  QueueUse use() const { return use_; }
  bool measures() const { return use_ == QueueUse::measure; }
  // A launch that a queue which only measures does not make.
  void plan(const PlannedLaunch& launch) const {
    if (listener_) listener_(launch);
  }
  int device() const { return device_; }
  const CudaOptions& options() const { return options_; }
  // Whether calls with operands of this type may go to a family.
  bool uses(TensorFamily family, DType operands) const {
    return !options_.left_out.has(family, tensor_type(operands));
  }
  int processors() const { return processors_; }              // streaming multiprocessors
  int64_t smem_per_block() const { return smem_per_block_; }  // largest dynamic one, bytes

  // Lets a kernel use smem_per_block() bytes of dynamic shared memory. Its launches may differ in
  // size, and a graph holds them all, so the limit is raised once, at the first launch, and never
  // lowered.
  void raise_smem_limit(const void* kernel) const;

  // Whether the blocks of a kernel may be placed while the kernel before it ends ("programmatic
  // dependent launch"; CUDA Programming Guide): from Hopper on, also in graphs.
  bool overlaps_kernels() const { return overlaps_kernels_; }

  // Launches::checked: `begin_launch` waits for earlier work, whose errors are not the kernel's;
  // `end_launch` waits for the kernel. Both throw, the second with the kernel's name; it is also
  // to be called with the status of a launch that was not accepted.
  bool checks_launches() const { return options_.launches == Launches::checked; }
  void begin_launch(const void* kernel) const;
  void end_launch(const void* kernel, cudaError_t status) const;

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
  CudaOptions options_;
  cudaStream_t stream_ = nullptr;
  int processors_ = 0;
  int64_t smem_per_block_ = 0;
  bool overlaps_kernels_ = false;
  LaunchListener listener_;
  mutable std::set<const void*> raised_;              // kernels whose limit is raised
  mutable std::map<const void*, std::string> names_;  // of kernels, if launches are checked
  DeviceMemory scratch_;
  std::map<std::type_index, std::unique_ptr<QueueCache>> caches_;
};

}  // namespace pg::cuda
