// upload.h: copies host memory to device memory without waiting.
//
// The source may be pageable and may change once copy() returns, so its bytes first go to pinned
// memory. Transfers run on a separate stream into a staging buffer on the device, concurrently with
// the kernels queued before; work queued later waits for them. Slots are used in turn, so with two
// of them the images of the next two iterations are transferred while this one computes. Sizes have
// rings of their own: the labels of an iteration must not wait for its images.
#pragma once

#include <array>
#include <vector>

#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

class Upload {
 public:
  // On a queue that only measures, slots have a size and no memory.
  explicit Upload(Queue& queue);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Queues dst = src. Waits only if all slots of its ring are in use: no iteration does as long as
  // the host is at most two ahead of the device.
  void copy(void* dst, const void* src, int64_t bytes);

  // Device memory of the slots.
  int64_t staging_bytes() const;

 private:
  struct Slot {
    void *pinned = nullptr, *staging = nullptr;
    int64_t bytes = 0;               // capacity of both
    cudaEvent_t arrived = nullptr;   // the transfer into staging is done
    cudaEvent_t consumed = nullptr;  // staging was copied to its destination, the slot is free
  };
  // Copies of at most `most` bytes that do not fit into the ring before.
  struct Ring {
    int64_t most = 0, least = 0;  // bytes of a copy, and of a slot
    std::vector<Slot> slots;
    size_t next = 0;
  };
  Slot& next_slot(int64_t bytes);
  void grow(Slot& slot, int64_t bytes);
  static void release(Slot& slot);

  Queue& queue_;
  cudaStream_t stream_ = nullptr;
  std::array<Ring, 3> rings_;
};

}  // namespace pg::cuda
