// upload.h: copies host memory to device memory without waiting.
//
// The source may be pageable and may change once copy() returns, so its bytes first go to pinned
// memory. Transfers run on a separate stream into a staging buffer on the device, concurrently with
// the kernels queued before; work queued later waits for them. With two slots the images of the
// next iteration are transferred while this one computes.
#pragma once

#include <array>
#include <vector>

#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

class Upload {
 public:
  explicit Upload(Queue& queue);
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  // Queues dst = src. Waits only if all slots are in use.
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
  void grow(Slot& slot, int64_t bytes);
  static void release(Slot& slot);

  Queue& queue_;
  cudaStream_t stream_ = nullptr;
  std::array<Slot, 2> large_;   // images
  std::array<Slot, 32> small_;  // scalars, counters
  size_t next_large_ = 0, next_small_ = 0;
};

}  // namespace pg::cuda
