// streams.cpp: queues of work, events between them, and their capture into graphs.
#include <cstdio>
#include <cstdlib>

#include "tests/simt/emulator/grid.h"
#include "tests/simt/host/launch.h"
#include "tests/simt/host/planted.h"
#include "tests/simt/host/state.h"

namespace pg::simt {
namespace {

CUstream_st& stream_of(cudaStream_t stream) {
  return stream != nullptr ? *stream : host().default_stream;
}

// False once a kernel has failed or hangs: work queued behind it never runs.
bool device_works() {
  return host().sticky == cudaSuccess && host().pending == cudaSuccess && !host().hangs;
}

bool can_go_on(const CUstream_st& stream) {
  if (stream.queue.empty()) return false;
  if (!device_works()) return true;  // to be dropped
  const Work& next = stream.queue.front();
  return next.wait == nullptr || next.wait->reached >= next.record;
}

void run_front(CUstream_st& stream) {
  const Work work = std::move(stream.queue.front());
  stream.queue.pop_front();
  if (!device_works() || !work.run) return;
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

// A captured event has no state to query or to wait for.
Capture of_capture(const CUevent_st* event) {
  return event->graph != nullptr ? Capture::forbids : Capture::allows;
}

// The limits of shared memory may have changed since the launches were captured.
bool launches_allowed(const std::vector<Work>& list) {
  for (const Work& work : list) {
    if (work.kernel != nullptr && !smem_allowed(work.kernel, work.smem)) return false;
  }
  return true;
}

}  // namespace

bool capturing() {
  for (const CUstream_st* s : host().streams) {
    if (s->graph != nullptr) return true;
  }
  return false;
}

void invalidate_captures() {
  for (const CUstream_st* s : host().streams) {
    if (s->graph != nullptr) s->graph->invalid = true;
  }
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
  surface_faults();
}

cudaError_t queue_work(cudaStream_t handle, Work work) {
  if (host().sticky != cudaSuccess) return host().sticky;
  CUstream_st& stream = stream_of(handle);
  if (stream.graph != nullptr) {
    if (stream.graph->invalid) return cudaErrorStreamCaptureInvalidated;
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
  if (const cudaError_t error = called("cudaStreamCreateWithFlags")) return error;
  *stream = new CUstream_st;
  host().streams.push_back(*stream);
  return returned(cudaSuccess);
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, 0); }

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const cudaError_t error = called("cudaStreamDestroy");
  drain(*stream);
  std::erase(host().streams, stream);
  delete stream;
  return returned(error);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t error = called("cudaStreamSynchronize", Capture::forbids)) return error;
  ++host().waits;
  drain(stream_of(stream));
  surface_faults();
  return returned(cudaSuccess);
}

cudaError_t cudaDeviceSynchronize() {
  if (const cudaError_t error = called("cudaDeviceSynchronize", Capture::forbids)) return error;
  ++host().waits;
  drain_all();
  return returned(cudaSuccess);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t error = called("cudaEventCreateWithFlags")) return error;
  *event = new CUevent_st;
  ++host().objects;
  return returned(cudaSuccess);
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const cudaError_t error = called("cudaEventDestroy");
  drain_all();
  delete event;
  --host().objects;
  return returned(error);
}

// During a capture an event is an edge of the graph; graphs run their work in the order of capture.
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  if (const cudaError_t error = called("cudaEventRecord")) return error;
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
  if (const cudaError_t error = called("cudaStreamWaitEvent")) return error;
  CUstream_st& stream = stream_of(handle);
  if (event->graph != nullptr && stream.graph != event->graph) {
    stream.graph = event->graph;
    event->graph->members.push_back(&stream);
  }
  if (stream.graph != nullptr) return returned(cudaSuccess);
  return returned(queue_work(handle, {.run = {}, .wait = event, .record = event->recorded}));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (const cudaError_t error = called("cudaEventQuery", of_capture(event))) return error;
  return returned(event->reached >= event->recorded ? cudaSuccess : cudaErrorNotReady);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (const cudaError_t error = called("cudaEventSynchronize", of_capture(event))) return error;
  if (event->reached < event->recorded) {
    ++host().waits;
    drain_all();
  }
  return returned(cudaSuccess);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  const Capture rule = of_capture(from) == Capture::forbids ? Capture::forbids : of_capture(to);
  if (const cudaError_t error = called("cudaEventElapsedTime", rule)) return error;
  *milliseconds = 0.001f;  // no clock: only positive
  return returned(cudaSuccess);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (const cudaError_t error = called("cudaStreamBeginCapture")) return error;
  if (stream == nullptr || stream->graph != nullptr) {
    return returned(cudaErrorStreamCaptureUnsupported);
  }
  stream->graph = new CUgraph_st{.work = {}, .origin = stream, .members = {stream}};
  ++host().objects;
  return returned(cudaSuccess);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const cudaError_t error = called("cudaStreamEndCapture");
  *graph = nullptr;
  CUgraph_st* const captured = stream->graph;
  if (captured == nullptr || captured->origin != stream) {
    return returned(cudaErrorStreamCaptureInvalidated);
  }
  for (CUstream_st* member : captured->members) member->graph = nullptr;
  if (error == cudaSuccess && !captured->invalid) {
    *graph = captured;
    return returned(cudaSuccess);
  }
  delete captured;
  --host().objects;
  return returned(error != cudaSuccess ? error : cudaErrorStreamCaptureInvalidated);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  if (const cudaError_t error = called("cudaStreamIsCapturing")) return error;
  *status = stream->graph == nullptr ? cudaStreamCaptureStatusNone : cudaStreamCaptureStatusActive;
  return returned(cudaSuccess);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  if (const cudaError_t error = called("cudaGraphInstantiate", Capture::forbids)) return error;
  if (!launches_allowed(graph->work)) return returned(cudaErrorInvalidValue);
  *exec = new CUgraphExec_st{graph->work};
  ++host().objects;
  return returned(cudaSuccess);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) {
  return returned(called("cudaGraphUpload", Capture::forbids));
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  if (const cudaError_t error = called("cudaGraphLaunch", Capture::forbids)) return error;
  if (!launches_allowed(exec->work)) return returned(cudaErrorInvalidValue);
  cudaError_t result = cudaSuccess;
  for (const Work& work : exec->work) {
    const cudaError_t error = queue_work(stream, work);
    if (error != cudaSuccess) result = error;
  }
  return returned(result);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const cudaError_t error = called("cudaGraphDestroy");
  if (graph != nullptr) --host().objects;
  delete graph;
  return returned(error);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  const cudaError_t error = called("cudaGraphExecDestroy");
  drain_all();
  if (exec != nullptr) --host().objects;
  delete exec;
  return returned(error);
}
