// event_timer.cpp: records events around the work.
#include "kernels/cuda/autotune/event_timer.h"

namespace pg::cuda {

bool is_capturing(const Queue& queue) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  PG_CUDA(cudaStreamIsCapturing(queue.stream(), &status));
  return status != cudaStreamCaptureStatusNone;
}

bool EventTimer::ready() { return !is_capturing(queue_); }

// Waiting first excludes work queued earlier. It also queues the work on an idle device, which
// exposes candidates that are bound by their launches.
double EventTimer::seconds(const std::function<void()>& work) {
  PG_CUDA(cudaStreamSynchronize(queue_.stream()));
  PG_CUDA(cudaEventRecord(start_, queue_.stream()));
  work();
  PG_CUDA(cudaEventRecord(end_, queue_.stream()));
  PG_CUDA(cudaEventSynchronize(end_));
  float milliseconds = 0.0f;
  PG_CUDA(cudaEventElapsedTime(&milliseconds, start_, end_));
  return 1e-3 * static_cast<double>(milliseconds);
}

}  // namespace pg::cuda
