// streams.cpp: queues of work, events between them, and their capture into graphs.
#include <cstdio>
#include <cstdlib>

#include "tests/simt/emulator/grid.h"
#include "tests/simt/host/launch.h"
#include "tests/simt/host/state.h"

namespace pg::simt {
namespace {

CUstream_st& stream_of(cudaStream_t stream) {
  return stream != nullptr ? *stream : host().default_stream;
}

bool can_go_on(const CUstream_st& stream) {
  if (stream.queue.empty()) return false;
  const Work& next = stream.queue.front();
  return next.wait == nullptr || next.wait->reached >= next.record;
}

void run_front(CUstream_st& stream) {
  const Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  if (host().sticky != cudaSuccess || !work.run) return;
  if (work.run() == cudaErrorLaunchFailure) host().sticky = host().last = cudaErrorLaunchFailure;
}

// Runs one item of work of a randomly chosen stream. False: no stream can continue.
bool run_some() {
  std::vector<CUstream_st*> able;
  for (CUstream_st* s : host().streams) {
    if (can_go_on(*s)) able.push_back(s);
  }
  if (able.empty()) return false;
  run_front(*able[random_choice(able.size())]);
  return true;
}

}  // namespace

bool capturing() {
  for (const CUstream_st* s : host().streams) {
    if (s->graph != nullptr) return true;
  }
  return false;
}

void drain(CUstream_st& stream) {
  while (!stream.queue.empty()) {
    if (run_some()) continue;
    std::fprintf(stderr, "simt: a stream waits for an event that is never recorded\n");
    std::abort();
  }
}

void drain_all() {
  while (run_some()) {
  }
}

cudaError_t queue_work(cudaStream_t handle, Work work) {
  if (host().sticky != cudaSuccess) return host().sticky;
  CUstream_st& stream = stream_of(handle);
  if (stream.graph != nullptr) {
    stream.graph->work.push_back(std::move(work));
    return cudaSuccess;
  }
  stream.queue.push_back(std::move(work));
  if (host().order == StreamOrder::at_once) drain(stream);
  return host().sticky;
}

void set_stream_order(StreamOrder order) {
  drain_all();
  host().order = order;
}

}  // namespace pg::simt

using namespace pg::simt;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  host().streams.push_back(*stream);
  return returned(cudaSuccess);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, 0); }

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  drain(*stream);
  std::erase(host().streams, stream);
  delete stream;
  return returned(cudaSuccess);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (capturing()) return returned(cudaErrorStreamCaptureUnsupported);
  drain(stream_of(stream));
  return returned(cudaSuccess);
}

cudaError_t cudaDeviceSynchronize() {
  if (capturing()) return returned(cudaErrorStreamCaptureUnsupported);
  drain_all();
  return returned(cudaSuccess);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return returned(cudaSuccess);
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  drain_all();
  delete event;
  return returned(cudaSuccess);
}

// During a capture an event is an edge of the graph; graphs run their work in the order of capture.
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  event->graph = stream_of(handle).graph;
  if (event->graph != nullptr) return returned(cudaSuccess);
  const uint64_t record = ++event->recorded;
  const auto reach = [=] {
    event->reached = record;
    return cudaSuccess;
  };
  return returned(queue_work(handle, {.run = reach}));
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  CUstream_st& stream = stream_of(handle);
  if (event->graph != nullptr && stream.graph != event->graph) {
    stream.graph = event->graph;
    event->graph->members.push_back(&stream);
  }
  if (stream.graph != nullptr) return returned(cudaSuccess);
  return returned(queue_work(handle, {.run = {}, .wait = event, .record = event->recorded}));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return returned(event->reached >= event->recorded ? cudaSuccess : cudaErrorNotReady);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->reached < event->recorded) drain_all();
  return returned(cudaSuccess);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
  *milliseconds = 0.001f;  // no clock: only positive
  return returned(cudaSuccess);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream == nullptr || stream->graph != nullptr) {
    return returned(cudaErrorStreamCaptureUnsupported);
  }
  stream->graph = new CUgraph_st{.work = {}, .origin = stream, .members = {stream}};
  return returned(cudaSuccess);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (stream->graph == nullptr || stream->graph->origin != stream) {
    return returned(cudaErrorStreamCaptureInvalidated);
  }
  *graph = stream->graph;
  for (CUstream_st* member : (*graph)->members) member->graph = nullptr;
  return returned(cudaSuccess);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status = stream->graph == nullptr ? cudaStreamCaptureStatusNone : cudaStreamCaptureStatusActive;
  return returned(cudaSuccess);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  *exec = new CUgraphExec_st{graph->work};
  return returned(cudaSuccess);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  cudaError_t result = cudaSuccess;
  for (const Work& work : exec->work) {
    const cudaError_t error = queue_work(stream, work);
    if (error != cudaSuccess) result = error;
  }
  return returned(result);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return returned(cudaSuccess);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  drain_all();
  delete exec;
  return returned(cudaSuccess);
}
