// upload.cpp: slots of pinned and staging memory.
#include "kernels/cuda/device/upload.h"

#include <cstring>

namespace pg::cuda {
namespace {
constexpr int64_t kSmall = 4096;
}  // namespace

Upload::Upload(Queue& queue) : queue_(queue) {
  PG_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}

Upload::~Upload() {
  cudaStreamSynchronize(stream_);
  cudaStreamSynchronize(queue_.stream());
  for (Slot& slot : large_) release(slot);
  for (Slot& slot : small_) release(slot);
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
  PG_CUDA(cudaMallocHost(&slot.pinned, static_cast<size_t>(bytes)));
  PG_CUDA(cudaMalloc(&slot.staging, static_cast<size_t>(bytes)));
  PG_CUDA(cudaEventCreateWithFlags(&slot.arrived, cudaEventDisableTiming));
  PG_CUDA(cudaEventCreateWithFlags(&slot.consumed, cudaEventDisableTiming));
  slot.bytes = bytes;
}

int64_t Upload::staging_bytes() const {
  int64_t bytes = 0;
  for (const Slot& slot : large_) bytes += slot.bytes;
  for (const Slot& slot : small_) bytes += slot.bytes;
  return bytes;
}

void Upload::copy(void* dst, const void* src, int64_t bytes) {
  const bool small = bytes <= kSmall;
  Slot& slot =
      small ? small_[next_small_++ % small_.size()] : large_[next_large_++ % large_.size()];
  if (slot.bytes > 0) PG_CUDA(cudaEventSynchronize(slot.consumed));
  if (slot.bytes < bytes) grow(slot, small ? kSmall : bytes);
  const auto size = static_cast<size_t>(bytes);
  std::memcpy(slot.pinned, src, size);
  PG_CUDA(cudaMemcpyAsync(slot.staging, slot.pinned, size, cudaMemcpyHostToDevice, stream_));
  PG_CUDA(cudaEventRecord(slot.arrived, stream_));
  PG_CUDA(cudaStreamWaitEvent(queue_.stream(), slot.arrived, 0));
  PG_CUDA(cudaMemcpyAsync(dst, slot.staging, size, cudaMemcpyDeviceToDevice, queue_.stream()));
  PG_CUDA(cudaEventRecord(slot.consumed, queue_.stream()));
}

}  // namespace pg::cuda
