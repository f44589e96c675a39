// CUDA runtime API for the host: memory, streams, events, graph capture.
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>
#include "cuda_runtime.h"
#include "simt/internal.h"
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#endif

struct CUevent_st {
  uint64_t recorded = 0, done = 0;
  CUgraph_st* graph = nullptr;
};
struct CUstream_st;
namespace {
struct Op {
  std::function<cudaError_t()> run;
  CUevent_st* wait = nullptr;
  uint64_t version = 0;
};
}  // namespace
struct CUgraph_st {
  std::vector<Op> ops;
  std::vector<CUstream_st*> members;
  CUstream_st* origin = nullptr;
};
struct CUgraphExec_st {
  std::vector<Op> ops;
};
struct CUstream_st {
  std::deque<Op> q;
  CUgraph_st* graph = nullptr;
};

namespace simt {
namespace {
CUstream_st default_stream;
struct Host {
  std::map<uintptr_t, size_t> device, pinned;
  std::map<const void*, int> smem_limit;
  std::vector<CUstream_st*> streams{&default_stream};
  cudaError_t sticky = cudaSuccess, last = cudaSuccess;
  bool deferred = false;
  size_t bytes = 0;
} h;
CUstream_st* stream(cudaStream_t s) { return s ? s : h.streams[0]; }
cudaError_t set(cudaError_t e) {
  if (e != cudaSuccess && e != cudaErrorNotReady) h.last = e;
  return h.sticky != cudaSuccess ? h.sticky : e;
}
bool ready(const CUstream_st& s) {
  return !s.q.empty() && (!s.q.front().wait || s.q.front().wait->done >= s.q.front().version);
}
void step(CUstream_st& s) {
  Op op = std::move(s.q.front());
  s.q.pop_front();
  if (h.sticky == cudaSuccess && op.run)
    if (cudaError_t e = op.run(); e == cudaErrorLaunchFailure) h.sticky = h.last = e;
}
// Runs queued work, streams interleaved at random, until stream s (null: every stream) is empty.
void drain(CUstream_st* s) {
  for (;;) {
    std::vector<CUstream_st*> can;
    for (auto* x : h.streams)
      if (ready(*x)) can.push_back(x);
    bool pending = s ? !s->q.empty() : !can.empty();
    if (!pending) return;
    if (can.empty()) {
      fprintf(stderr, "simt: stream waits for an event that is never recorded\n");
      std::abort();
    }
    step(*can[random_u64() % can.size()]);
  }
}
cudaError_t enqueue(cudaStream_t st, Op op) {
  if (h.sticky != cudaSuccess) return h.sticky;
  CUstream_st* s = stream(st);
  if (s->graph) {
    s->graph->ops.push_back(std::move(op));
    return cudaSuccess;
  }
  s->q.push_back(std::move(op));
  if (!h.deferred) drain(s);
  return h.sticky;
}
bool any_capture() {
  for (auto* s : h.streams)
    if (s->graph) return true;
  return false;
}
bool inside(const std::map<uintptr_t, size_t>& m, const void* p, size_t n, bool& hit) {
  auto a = uintptr_t(p);
  auto it = m.upper_bound(a);
  if (it == m.begin()) {
    hit = false;
    return true;
  }
  --it;
  hit = a < it->first + it->second;
  return !hit || a + n <= it->first + it->second;
}
cudaError_t check_copy(const void* d, const void* s, size_t n, cudaMemcpyKind k) {
  bool dd, sd;
  if (!inside(h.device, d, n, dd) || !inside(h.device, s, n, sd)) return cudaErrorInvalidValue;
  if (k == cudaMemcpyDefault) return cudaSuccess;
  bool wd = k == cudaMemcpyHostToDevice || k == cudaMemcpyDeviceToDevice,
       ws = k == cudaMemcpyDeviceToHost || k == cudaMemcpyDeviceToDevice;
  return dd == wd && sd == ws ? cudaSuccess : cudaErrorInvalidMemcpyDirection;
}
struct Visible {
  Visible() { device_memory_visible(true); }
  ~Visible() { device_memory_visible(false); }
};
}  // namespace

void device_memory_visible(bool on) {
  for ([[maybe_unused]] auto& [p, n] : h.device)
    if (on)
      ASAN_UNPOISON_MEMORY_REGION((void*)p, n);
    else
      ASAN_POISON_MEMORY_REGION((void*)p, n);
}
void set_deferred_streams(bool on) {
  drain(nullptr);
  h.deferred = on;
}
void reset_errors() {
  h.sticky = h.last = cudaSuccess;
  clear_fault();
}

cudaError_t launch(const cudaLaunchConfig_t& c, Launch&& l) {
  l.grid = c.gridDim;
  l.block = c.blockDim;
  l.smem = c.dynamicSmemBytes;
  uint64_t threads = uint64_t(l.block.x) * l.block.y * l.block.z;
  if (!threads || threads > 1024 || l.block.z > 64 || !l.grid.x || !l.grid.y || !l.grid.z ||
      l.grid.x > 0x7fffffffu || l.grid.y > 65535 || l.grid.z > 65535)
    return set(cudaErrorInvalidConfiguration);
  auto lim = h.smem_limit.find(l.func);
  if (l.smem > size_t(lim == h.smem_limit.end() ? 48 << 10 : lim->second))
    return set(cudaErrorInvalidValue);
  return set(enqueue(c.stream, {[l = std::move(l)] {
                       Visible v;
                       if (run_grid(l)) return cudaSuccess;
                       fprintf(stderr, "simt: kernel fault: %s\n", last_fault().c_str());
                       return cudaErrorLaunchFailure;
                     }}));
}
cudaError_t set_func_attribute(const void* f, cudaFuncAttribute a, int v) {
  if (a == cudaFuncAttributeMaxDynamicSharedMemorySize) {
    if (v > 227 << 10) return set(cudaErrorInvalidValue);
    h.smem_limit[f] = std::max(v, 48 << 10);
  }
  return set(cudaSuccess);
}
cudaError_t symbol_copy(void* dst, const void* src, size_t n, cudaStream_t s, bool) {
  auto e = enqueue(s, {[=] {
                     std::memcpy(dst, src, n);
                     return cudaSuccess;
                   }});
  drain(nullptr);
  return set(e);
}
}  // namespace simt

using namespace simt;
cudaError_t cudaMalloc(void** p, size_t n) {
  if (any_capture()) return set(cudaErrorStreamCaptureUnsupported);
  *p = nullptr;  // exact size: ASan catches the first byte past the end
  if (n && posix_memalign(p, 256, n)) return set(cudaErrorMemoryAllocation);
  if (n) {
    h.device[uintptr_t(*p)] = n;
    std::memset(*p, 0xFF, n);
    race_alloc(*p, n);
    ASAN_POISON_MEMORY_REGION(*p, n);
    h.bytes += n;
  }
  return set(cudaSuccess);
}
cudaError_t cudaFree(void* p) {
  if (!p) return set(cudaSuccess);
  drain(nullptr);
  auto it = h.device.find(uintptr_t(p));
  if (it == h.device.end()) return set(cudaErrorInvalidValue);
  ASAN_UNPOISON_MEMORY_REGION(p, it->second);
  h.bytes -= it->second;
  h.device.erase(it);
  race_free(p);
  std::free(p);
  return set(cudaSuccess);
}
cudaError_t cudaMallocAsync(void** p, size_t n, cudaStream_t) { return cudaMalloc(p, n); }
cudaError_t cudaFreeAsync(void* p, cudaStream_t) { return cudaFree(p); }
cudaError_t cudaMallocHost(void** p, size_t n, unsigned) {
  *p = std::malloc(n);
  h.pinned[uintptr_t(*p)] = n;
  return set(*p ? cudaSuccess : cudaErrorMemoryAllocation);
}
cudaError_t cudaFreeHost(void* p) {
  drain(nullptr);
  h.pinned.erase(uintptr_t(p));
  std::free(p);
  return set(cudaSuccess);
}
cudaError_t cudaMemcpyAsync(void* d, const void* s, size_t n, cudaMemcpyKind k, cudaStream_t st) {
  if (auto e = check_copy(d, s, n, k); e != cudaSuccess) return set(e);
  return set(enqueue(st, {[=] {
                       Visible v;
                       std::memcpy(d, s, n);
                       race_host_write(d, n);
                       return cudaSuccess;
                     }}));
}
cudaError_t cudaMemcpy(void* d, const void* s, size_t n, cudaMemcpyKind k) {
  if (any_capture()) return set(cudaErrorStreamCaptureUnsupported);
  auto e = cudaMemcpyAsync(d, s, n, k, nullptr);
  drain(nullptr);
  return set(e);
}
cudaError_t cudaMemsetAsync(void* d, int v, size_t n, cudaStream_t st) {
  bool dev;
  if (!inside(h.device, d, n, dev) || (n && !dev)) return set(cudaErrorInvalidValue);
  return set(enqueue(st, {[=] {
                       Visible vis;
                       std::memset(d, v, n);
                       race_host_write(d, n);
                       return cudaSuccess;
                     }}));
}
cudaError_t cudaMemset(void* d, int v, size_t n) { return cudaMemsetAsync(d, v, n, nullptr); }
cudaError_t cudaMemGetInfo(size_t* f, size_t* t) {
  *t = size_t(8) << 30;
  *f = *t - h.bytes;
  return set(cudaSuccess);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) {
  h.streams.push_back(*s = new CUstream_st);
  return set(cudaSuccess);
}
cudaError_t cudaStreamDestroy(cudaStream_t s) {
  drain(s);
  std::erase(h.streams, s);
  delete s;
  return set(cudaSuccess);
}
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  if (any_capture()) return set(cudaErrorStreamCaptureUnsupported);
  drain(stream(s));
  return set(cudaSuccess);
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  if (any_capture()) return set(cudaErrorStreamCaptureUnsupported);
  drain(nullptr);
  return set(cudaSuccess);
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) {
  *e = new CUevent_st;
  return set(cudaSuccess);
}
cudaError_t cudaEventDestroy(cudaEvent_t e) {
  drain(nullptr);
  delete e;
  return set(cudaSuccess);
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  CUstream_st* st = stream(s);
  e->graph = st->graph;
  if (st->graph) return set(cudaSuccess);  // an edge of the graph; capture order covers it
  uint64_t v = ++e->recorded;
  return set(enqueue(s, {[=] {
                       e->done = v;
                       return cudaSuccess;
                     }}));
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  CUstream_st* st = stream(s);
  if (e->graph && st->graph != e->graph) {
    st->graph = e->graph;
    e->graph->members.push_back(st);
  }
  if (st->graph) return set(cudaSuccess);
  return set(enqueue(s, {{}, e, e->recorded}));
}
cudaError_t cudaEventQuery(cudaEvent_t e) {
  return set(e->done >= e->recorded ? cudaSuccess : cudaErrorNotReady);
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  if (e->done < e->recorded) drain(nullptr);
  return set(cudaSuccess);
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t, cudaEvent_t) {
  *ms = 0.001f;
  return set(cudaSuccess);
}
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  if (!s || s->graph) return set(cudaErrorStreamCaptureUnsupported);
  s->graph = new CUgraph_st;
  s->graph->origin = s;
  s->graph->members = {s};
  return set(cudaSuccess);
}
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t* g) {
  if (!s->graph || s->graph->origin != s) return set(cudaErrorStreamCaptureInvalidated);
  *g = s->graph;
  for (auto* m : (*g)->members) m->graph = nullptr;
  return set(cudaSuccess);
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long) {
  *e = new CUgraphExec_st{g->ops};
  return set(cudaSuccess);
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s) {
  cudaError_t r = cudaSuccess;
  for (auto& op : e->ops)
    if (auto x = enqueue(s, op); x != cudaSuccess) r = x;
  return set(r);
}
cudaError_t cudaGraphDestroy(cudaGraph_t g) {
  delete g;
  return set(cudaSuccess);
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) {
  drain(nullptr);
  delete e;
  return set(cudaSuccess);
}
cudaError_t cudaPeekAtLastError() { return h.sticky != cudaSuccess ? h.sticky : h.last; }
cudaError_t cudaGetLastError() {
  auto e = cudaPeekAtLastError();
  h.last = cudaSuccess;
  return e;
}
const char* cudaGetErrorName(cudaError_t e) {
  switch (e) {
#define N(x) \
  case x:    \
    return #x;
    N(cudaSuccess)
    N(cudaErrorInvalidValue) N(cudaErrorMemoryAllocation) N(cudaErrorInvalidConfiguration)
        N(cudaErrorInvalidMemcpyDirection) N(cudaErrorInvalidDevicePointer)
            N(cudaErrorInvalidResourceHandle) N(cudaErrorNotReady) N(cudaErrorLaunchFailure)
                N(cudaErrorStreamCaptureUnsupported) N(cudaErrorStreamCaptureInvalidated)
#undef N
  }
  return "cudaErrorUnknown";
}
const char* cudaGetErrorString(cudaError_t e) { return cudaGetErrorName(e); }
cudaError_t cudaGetDevice(int* d) {
  *d = 0;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int) { return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* n) {
  *n = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  *p = {"CPU emulation", 9, 0, 4, size_t(8) << 30, 227 << 10};
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* v, cudaDeviceAttr a, int) {
  *v = a == cudaDevAttrMultiProcessorCount            ? 4
       : a == cudaDevAttrComputeCapabilityMajor       ? 9
       : a == cudaDevAttrMaxSharedMemoryPerBlockOptin ? 227 << 10
                                                      : 0;
  return cudaSuccess;
}
