// upload.cpp: slots of pinned and staging memory.
#include "kernels/cuda/device/upload.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace pg::cuda {
namespace {
constexpr int64_t kSmall = 4 << 10, kMedium = 1 << 20;
constexpr int64_t kAny = std::numeric_limits<int64_t>::max();
}  // namespace

// Numbers and counters; labels; images.
Upload::Upload(Queue& queue)
    : queue_(queue),
      rings_{{{.most = kSmall, .least = kSmall, .slots = std::vector<Slot>(32)},
              {.most = kMedium, .slots = std::vector<Slot>(4)},
              {.most = kAny, .slots = std::vector<Slot>(2)}}} {
  if (queue.measures()) return;
  PG_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

Upload::~Upload() {
  if (stream_ == nullptr) return;
  cudaStreamSynchronize(stream_);
  cudaStreamSynchronize(queue_.stream());
  for (Ring& ring : rings_) {
    for (Slot& slot : ring.slots) release(slot);
  }
  cudaStreamDestroy(stream_);
}

void Upload::release(Slot& slot) {
  // A slot that could not grow has only some of these.
  if (slot.pinned != nullptr) cudaFreeHost(slot.pinned);
  if (slot.staging != nullptr) cudaFree(slot.staging);
  if (slot.arrived != nullptr) cudaEventDestroy(slot.arrived);
  if (slot.consumed != nullptr) cudaEventDestroy(slot.consumed);
  slot = {};
}

// The slot must be free.
void Upload::grow(Slot& slot, int64_t bytes) {
  release(slot);
  if (!queue_.measures()) {
    PG_CUDA(cudaMallocHost(&slot.pinned, static_cast<size_t>(bytes)));
    PG_CUDA(cudaMalloc(&slot.staging, static_cast<size_t>(bytes)));
    PG_CUDA(cudaEventCreateWithFlags(&slot.arrived, cudaEventDisableTiming));
    PG_CUDA(cudaEventCreateWithFlags(&slot.consumed, cudaEventDisableTiming));
  }
  slot.bytes = bytes;
}

int64_t Upload::staging_bytes() const {
  int64_t bytes = 0;
  for (const Ring& ring : rings_) {
    for (const Slot& slot : ring.slots) bytes += slot.bytes;
  }
  return bytes;
}

// One that is free and large enough.
Upload::Slot& Upload::next_slot(int64_t bytes) {
  Ring& ring =
      *std::find_if(rings_.begin(), rings_.end(), [&](const Ring& r) { return bytes <= r.most; });
  Slot& slot = ring.slots[ring.next++ % ring.slots.size()];
  if (slot.bytes > 0 && !queue_.measures()) PG_CUDA(cudaEventSynchronize(slot.consumed));
  if (slot.bytes < bytes) grow(slot, std::max(bytes, ring.least));
  return slot;
}

void Upload::copy(void* dst, const void* src, int64_t bytes) {
  Slot& slot = next_slot(bytes);
  if (queue_.measures()) return;
  const auto size = static_cast<size_t>(bytes);
  std::memcpy(slot.pinned, src, size);
  PG_CUDA(cudaMemcpyAsync(slot.staging, slot.pinned, size, cudaMemcpyHostToDevice, stream_));
  PG_CUDA(cudaEventRecord(slot.arrived, stream_));
  PG_CUDA(cudaStreamWaitEvent(queue_.stream(), slot.arrived, 0));
  PG_CUDA(cudaMemcpyAsync(dst, slot.staging, size, cudaMemcpyDeviceToDevice, queue_.stream()));
  PG_CUDA(cudaEventRecord(slot.consumed, queue_.stream()));
}

}  // namespace pg::cuda
