// event_timer.cpp: records events around captured runs.
#include "kernels/cuda/autotune/event_timer.h"

namespace pg::cuda {

bool EventTimer::ready() { return !queue_.checks_launches() && !is_capturing(queue_.stream()); }

Graph EventTimer::captured(const std::function<void()>& work) {
  begin_capture(queue_.stream());
  try {
    for (int i = 0; i < kRuns; ++i) work();
  } catch (...) {  // with the capture open, even waiting for the device would fail
    cudaGraph_t unfinished = nullptr;
    cudaStreamEndCapture(queue_.stream(), &unfinished);
    if (unfinished != nullptr) cudaGraphDestroy(unfinished);
    throw;
  }
  return Graph(queue_.stream());
}

// Waiting excludes work queued earlier.
double EventTimer::seconds(const std::function<void()>& work) {
  Graph runs = captured(work);
  runs.upload(queue_.stream());
  PG_CUDA(cudaStreamSynchronize(queue_.stream()));
  PG_CUDA(cudaEventRecord(start_, queue_.stream()));
  runs.launch(queue_.stream());
  PG_CUDA(cudaEventRecord(end_, queue_.stream()));
  PG_CUDA(cudaEventSynchronize(end_));
  float milliseconds = 0.0f;
  PG_CUDA(cudaEventElapsedTime(&milliseconds, start_, end_));
  return 1e-3 * static_cast<double>(milliseconds) / kRuns;
}

}  // namespace pg::cuda
