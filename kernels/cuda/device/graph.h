// graph.h: work of a stream captured as a CUDA graph.
#pragma once

#include "kernels/cuda/device/cuda_check.h"

namespace pg::cuda {

// Captures, instead of running it, what this thread queues on the stream until a Graph is made.
inline void begin_capture(cudaStream_t stream) {
  PG_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
}

inline bool is_capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  PG_CUDA(cudaStreamIsCapturing(stream, &status));
  return status != cudaStreamCaptureStatusNone;
}

class Graph {
 public:
  // Ends the stream's capture.
  explicit Graph(cudaStream_t stream) {
    cudaGraph_t graph = nullptr;
    PG_CUDA(cudaStreamEndCapture(stream, &graph));
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(status, "cudaGraphInstantiate");
  }
  ~Graph() { cudaGraphExecDestroy(executable_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // Ahead of the first launch, which does it otherwise.
  void upload(cudaStream_t stream) { PG_CUDA(cudaGraphUpload(executable_, stream)); }
  void launch(cudaStream_t stream) { PG_CUDA(cudaGraphLaunch(executable_, stream)); }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace pg::cuda
