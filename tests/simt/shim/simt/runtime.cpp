// Runs a grid on the calling OS thread: blocks one after another, the threads of a block as fibers.
#include <pthread.h>
#include <sys/mman.h>
#include <algorithm>
#include <cstdarg>
#include <deque>
#include <vector>
#include "cuda_runtime.h"
#include "simt/internal.h"
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define ASAN 1
#else
#define ASAN 0
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#endif
#if !defined(SIMT_UCONTEXT) && !defined(__x86_64__)
#define SIMT_UCONTEXT
#endif
#ifdef SIMT_UCONTEXT
#include <ucontext.h>
#endif

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace simt {
bool in_shim = true;
namespace {

constexpr size_t kStack = ASAN ? 256 << 10 : 128 << 10, kMaxThreads = 1024, kSmem = 227 << 10,
                 kGuard = 4096;

struct Context {
#ifdef SIMT_UCONTEXT
  ucontext_t uc;
#else
  void* sp = nullptr;
#endif
  const void* stack = nullptr;
  size_t size = 0;  // for AddressSanitizer
  void* fake = nullptr;
};

enum State : uint8_t { kReady, kBarrier, kWarp, kDone };
struct CpOp {
  char* dst;
  unsigned char data[16];
  int bytes;
  bool done;
};

struct Lane {
  Context ctx;
  bool started = false;
  uint3 tid;
  uint32_t linear, warp, lane;
  State state;
  int bar;
  const char* what = "";
  Loc loc;
  uint32_t mask;
  void* arg;
  Resolve fn;
  std::vector<CpOp> open;
  std::deque<std::vector<CpOp>> groups;
};
struct Warp {
  uint32_t exists, exited, waiting;
};
struct Barrier {
  int arrived = 0, expected = 0;
  Loc loc;
  uint32_t first;
};

struct Engine {
  std::vector<Lane> lanes;
  Warp warps[32];
  Barrier bars[16];
  Context main;
  Lane* cur = nullptr;
  uint32_t ready[kMaxThreads], head = 0, count = 0;  // ring buffer of runnable lanes
  uint32_t live = 0, exited = 0, n = 0;
  uint64_t idle_yields = 0;
  const Launch* launch = nullptr;
  char* smem = nullptr;
  size_t smem_bytes = 0;
  std::string error;
  bool failed = false;
  uint64_t seed = 0, rng = 1;
  bool strict = true;
  int red_value[3];
  Stats stats{};
} g;

uint64_t rnd() {
  g.rng ^= g.rng << 13;
  g.rng ^= g.rng >> 7;
  g.rng ^= g.rng << 17;
  return g.rng;
}

// ------------------------------------------------------------------ context switch
void lane_main();
#ifndef SIMT_UCONTEXT
extern "C" void simt_swap(void** save, void* to);
asm(R"(
.text
.type simt_swap,@function
simt_swap:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
.size simt_swap,.-simt_swap
)");
#endif
void start_context(Context& c) {
#ifdef SIMT_UCONTEXT
  getcontext(&c.uc);
  c.uc.uc_stack = {const_cast<void*>(c.stack), 0, c.size};
  c.uc.uc_link = nullptr;
  makecontext(&c.uc, lane_main, 0);
#else
  auto** top =
      reinterpret_cast<void**>((reinterpret_cast<uintptr_t>(c.stack) + c.size) & ~uintptr_t(15));
  *--top = nullptr;  // return address of lane_main: ends a stack walk
  *--top = reinterpret_cast<void*>(&lane_main);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  c.sp = top;
#endif
  c.fake = nullptr;
}
void swap_to(Context& from, Context& to) {
  ++g.stats.switches;
#if ASAN
  __sanitizer_start_switch_fiber(&from.fake, to.stack, to.size);
#endif
#ifdef SIMT_UCONTEXT
  swapcontext(&from.uc, &to.uc);
#else
  simt_swap(&from.sp, to.sp);
#endif
#if ASAN
  __sanitizer_finish_switch_fiber(from.fake, nullptr, nullptr);
#endif
}

void push_ready(Lane& l) {
  l.state = kReady;
  g.ready[(g.head + g.count++) % kMaxThreads] = l.linear;
}
Lane* pop_ready() {
  if (!g.count) return nullptr;
  if (g.seed == 1) return &g.lanes[g.ready[(g.head + --g.count) % kMaxThreads]];
  uint32_t& first = g.ready[g.head % kMaxThreads];
  if (g.seed > 1) std::swap(first, g.ready[(g.head + rnd() % g.count) % kMaxThreads]);
  ++g.head;
  --g.count;
  return &g.lanes[first];
}
// The stack of a faulting thread is never unwound, so reports are built without heap memory.
struct Text {
  char s[160];
};
template <class... A>
Text text(const char* fmt, A... a) {
  Text t;
  snprintf(t.s, sizeof t.s, fmt, a...);
  return t;
}
Text thread_name(const Lane& l) {
  return text("thread (%u,%u,%u) [warp %u lane %u]", l.tid.x, l.tid.y, l.tid.z, l.warp, l.lane);
}
Text block_name() { return text("block (%u,%u,%u)", blockIdx.x, blockIdx.y, blockIdx.z); }
Text place(const Loc& l) {
  const char* f = l.file_name();
  if (auto* p = strrchr(f, '/')) f = p + 1;
  return text("%s:%u", f, unsigned(l.line()));
}
[[noreturn]] void stop() {  // leaves the kernel for run_block()
  in_shim = true;
  g.failed = true;
  Lane* self = g.cur;
  g.cur = nullptr;
  swap_to(self->ctx, g.main);
  __builtin_unreachable();
}
template <class... A>
[[noreturn]] void fault(const char* fmt, A... a) {
  char b[768];
  snprintf(b, sizeof b, fmt, a...);
  g.error = b;
  stop();
}
// Groups the threads by what they wait for, so that the report of a deadlock is short.
[[noreturn]] void deadlock() {
  static std::vector<bool> seen;
  g.error.assign("deadlock in ").append(block_name().s).append(": no thread can run\n");
  seen.assign(g.n, false);
  for (uint32_t i = 0; i < g.n; ++i) {
    if (seen[i]) continue;
    const Lane& a = g.lanes[i];
    int same = 0;
    for (uint32_t j = i; j < g.n; ++j) {
      const Lane& b = g.lanes[j];
      if (b.state == a.state &&
          (a.state == kDone || (!strcmp(a.what, b.what) && a.loc.line() == b.loc.line() &&
                                a.mask == b.mask && (a.state != kWarp || a.warp == b.warp)))) {
        seen[j] = true;
        ++same;
      }
    }
    char b[512];
    if (a.state == kDone)
      snprintf(b, sizeof b, "  %d thread(s) exited, first %s\n", same, thread_name(a).s);
    else if (a.state == kWarp) {
      const Warp& w = g.warps[a.warp];
      snprintf(b, sizeof b,
               "  %d thread(s) of warp %u wait in %s (mask %08x, lanes missing %08x) at %s\n", same,
               a.warp, a.what, a.mask, a.mask & w.exists & ~w.exited & ~w.waiting, place(a.loc).s);
    } else
      snprintf(b, sizeof b, "  %d thread(s) wait in %s at %s, first %s\n", same, a.what,
               place(a.loc).s, thread_name(a).s);
    g.error += b;
  }
  stop();
}
void run_next() {  // the current lane has stopped; run another one
  Lane* self = g.cur;
  Lane* next = pop_ready();
  if (!next) {
    if (g.live) deadlock();
    g.cur = nullptr;
    swap_to(self->ctx, g.main);
    return;
  }
  if (next == self) return;
  g.cur = next;
  threadIdx = next->tid;
  swap_to(self->ctx, next->ctx);
}

// ------------------------------------------------------------------ barriers and warp collectives
void release(int id) {
  Barrier& b = g.bars[id];
  ++g.stats.barriers;
  g.idle_yields = 0;
  if (id == 0) race_barrier();
  b = {};
  for (uint32_t i = 0; i < g.n; ++i)
    if (Lane& l = g.lanes[i]; l.state == kBarrier && l.bar == id && &l != g.cur) push_ready(l);
}
bool barrier_complete(int id) {
  Barrier& b = g.bars[id];
  int need = b.expected ? b.expected : int(g.live);
  if (!b.arrived || b.arrived < need) return false;
  if (g.strict && !b.expected && g.exited)
    fault("divergent barrier: %d thread(s) of %s wait at %s, but %u thread(s) have already exited",
          b.arrived, block_name().s, place(b.loc).s, g.exited);
  return true;
}
bool warp_try(Warp& w, uint32_t warp, uint32_t mask) {
  uint32_t need = mask & w.exists & ~w.exited;
  if (!need || (w.waiting & need) != need) return false;
  WarpCall c{};
  c.present = need;
  Lane* base = &g.lanes[warp * 32];
  Lane& first = base[std::countr_zero(need)];
  for (int l = 0; l < 32; ++l)
    if (need >> l & 1) {
      Lane& x = base[l];
      if (x.mask != mask || strcmp(x.what, first.what))
        fault("mismatched warp operation in %s: %s is in %s at %s, %s is in %s at %s",
              block_name().s, thread_name(first).s, first.what, place(first.loc).s,
              thread_name(x).s, x.what, place(x.loc).s);
      static char none;
      c.arg[l] = x.arg ? x.arg : &none;
    }
  ++g.stats.collectives;
  g.idle_yields = 0;
  first.fn(c);
  if (!strcmp(first.what, "__syncwarp")) race_syncwarp(warp, need);
  w.waiting &= ~need;
  for (int l = 0; l < 32; ++l)
    if (need >> l & 1) {
      if (&base[l] != g.cur)
        push_ready(base[l]);
      else
        base[l].state = kReady;
    }
  return true;
}

void lane_main() {
#if ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  for (;;) {  // a fiber is reused for the next block
    Lane& me = *g.cur;
    in_shim = false;
    g.launch->call(g.launch->body.get());
    in_shim = true;
    cp_async_wait(0, true);
    me.state = kDone;
    --g.live;
    ++g.exited;
    g.idle_yields = 0;
    Warp& w = g.warps[me.warp];
    w.exited |= 1u << me.lane;
    g.cur = &me;
    if (g.live) {
      for (int id = 0; id < 16; ++id)
        if (g.bars[id].arrived && !g.bars[id].expected && barrier_complete(id)) release(id);
      for (uint32_t m = w.waiting; m; m &= m - 1)
        if (w.waiting & (m & -m))
          warp_try(w, me.warp, g.lanes[me.warp * 32 + std::countr_zero(m)].mask);
    }
    run_next();
  }
}

void make_lanes(uint32_t n) {
  if (!g.main.stack) {
    pthread_attr_t a;
    void* p;
    size_t s;
    pthread_getattr_np(pthread_self(), &a);
    pthread_attr_getstack(&a, &p, &s);
    pthread_attr_destroy(&a);
    g.main.stack = p;
    g.main.size = s;
    g.lanes.reserve(kMaxThreads);
    g.smem = static_cast<char*>(mmap(nullptr, kSmem + (64 << 10), PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }
  while (g.lanes.size() < n) {
    auto* p = static_cast<char*>(mmap(nullptr, kStack + kGuard, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    mprotect(p, kGuard, PROT_NONE);
    g.lanes.emplace_back();
    g.lanes.back().ctx.stack = p + kGuard;
    g.lanes.back().ctx.size = kStack;
  }
}

bool run_block() {
  const Launch& L = *g.launch;
  g.n = L.block.x * L.block.y * L.block.z;
  g.live = g.n;
  g.exited = 0;
  g.head = g.count = 0;
  g.failed = false;
  g.idle_yields = 0;
  for (auto& b : g.bars) b = {};
  std::memset(g.warps, 0, sizeof g.warps);
  poison_static_shared();
  ASAN_UNPOISON_MEMORY_REGION(g.smem, g.smem_bytes);
  std::memset(g.smem, 0xFF, g.smem_bytes);
  ASAN_POISON_MEMORY_REGION(g.smem + g.smem_bytes, kSmem + (64 << 10) - g.smem_bytes);
  race_block_begin(g.smem, g.smem_bytes);
  for (uint32_t i = 0; i < g.n; ++i) {
    Lane& l = g.lanes[i];
    l.linear = i;
    l.warp = i / 32;
    l.lane = i % 32;
    l.tid = {i % L.block.x, i / L.block.x % L.block.y, i / (L.block.x * L.block.y)};
    l.open.clear();
    l.groups.clear();
    g.warps[l.warp].exists |= 1u << l.lane;
    if (!l.started) {
      start_context(l.ctx);
      l.started = true;
    }
    push_ready(l);
  }
  Lane* first = pop_ready();
  g.cur = first;
  threadIdx = first->tid;
  swap_to(g.main, first->ctx);
  g.cur = nullptr;
  g.stats.threads += g.n;
  ++g.stats.blocks;
  if (g.failed)  // abandon the fibers: their stacks are never unwound
    for (auto& l : g.lanes) {
      l.started = false;
      ASAN_UNPOISON_MEMORY_REGION(l.ctx.stack, l.ctx.size);
      l.open.clear();
      l.groups.clear();
    }
  return !g.failed;
}
}  // namespace

void fail(const std::string& msg) {
  if (!g.cur) {
    fprintf(stderr, "simt: %s\n", msg.c_str());
    std::abort();
  }
  g.error = msg;
  stop();
}
void fail_at(const Loc& l, const char* fmt, ...) {
  char b[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(b, sizeof b, fmt, ap);
  va_end(ap);
  if (!g.cur) {
    fprintf(stderr, "simt: %s: %s\n", place(l).s, b);
    std::abort();
  }
  fault("%s: %s (%s of %s)", place(l).s, b, thread_name(*g.cur).s, block_name().s);
}
std::string where(const Loc& l) { return place(l).s; }

void barrier(int id, int expected, bool wait, const Loc& loc) {
  Enter enter;
  Lane& me = *g.cur;
  Barrier& b = g.bars[id];
  if (!b.arrived) {
    b.loc = loc;
    b.first = me.linear;
    b.expected = expected;
  } else if (b.expected != expected)
    fault("barrier %d of %s used with different thread counts at %s and %s", id, block_name().s,
          place(b.loc).s, place(loc).s);
  else if (g.strict && !expected &&
           (b.loc.line() != loc.line() || strcmp(b.loc.file_name(), loc.file_name())))
    fault("divergent barrier in %s: %s waits at %s, %s waits at %s", block_name().s,
          thread_name(g.lanes[b.first]).s, place(b.loc).s, thread_name(me).s, place(loc).s);
  ++b.arrived;
  me.what = "__syncthreads";
  me.loc = loc;
  me.bar = id;
  me.mask = 0;
  if (wait) me.state = kBarrier;
  if (barrier_complete(id)) {
    release(id);
    me.state = kReady;
  } else if (wait)
    run_next();
}
int barrier_reduce(int value, int op, const Loc& loc) {
  barrier(0, 0, true, loc);
  if (g.red_value[2] != 1) {
    g.red_value[0] = 0;
    g.red_value[1] = 1;
    g.red_value[2] = 1;
  }
  g.red_value[0] += value != 0;
  g.red_value[1] &= value != 0;
  barrier(0, 0, true, loc);
  int r = op == 0 ? g.red_value[0] : op == 1 ? g.red_value[1] : g.red_value[0] != 0;
  barrier(0, 0, true, loc);
  g.red_value[2] = 0;
  return r;
}
void warp_collective(const char* name, uint32_t mask, void* arg, Resolve fn, const Loc& loc) {
  Enter enter;
  Lane& me = *g.cur;
  me.what = name;
  me.loc = loc;
  me.mask = mask;
  me.arg = arg;
  me.fn = fn;
  if (!(mask >> me.lane & 1))
    fault("%s at %s: the mask does not name the calling %s", name, place(loc).s, thread_name(me).s);
  Warp& w = g.warps[me.warp];
  w.waiting |= 1u << me.lane;
  me.state = kWarp;
  if (!warp_try(w, me.warp, mask)) run_next();
}
void yield() {
  if (!g.cur) return;
  Enter enter;
  if (++g.idle_yields > 1000000) fault("livelock in %s: threads only spin", block_name().s);
  if (g.seed == 1) {
    g.cur->state = kReady;
    g.ready[--g.head % kMaxThreads] = g.cur->linear;
    ++g.count;
  }  // last in the stack order
  else
    push_ready(*g.cur);
  run_next();
}
void maybe_yield() {
  static unsigned k;
  if (g.cur && (g.seed > 1 ? rnd() % 4 == 0 : ++k % 64 == 0)) yield();
}
unsigned lane_id() { return g.cur->lane; }
void* dynamic_smem(size_t) { return g.smem; }
size_t dynamic_smem_bytes() { return g.smem_bytes; }

void cp_async(void* dst, const void* src, int bytes, int valid, const Loc& loc) {
  Enter enter;
  if ((uintptr_t(dst) | uintptr_t(valid ? src : dst)) % bytes)
    fault("cp.async of %d bytes at %s: misaligned address", bytes, place(loc).s);
  CpOp op{static_cast<char*>(dst), {}, bytes, false};
  note_access(src, valid, kRead, loc);
  std::memcpy(op.data, src, valid);  // the rest is zero-filled
  note_access(dst, bytes, kWrite, loc);
  race_async(dst, bytes, true);
  std::memset(dst, 0xFF, bytes);
  g.cur->open.push_back(op);
}
void cp_async_commit() {
  Enter enter;
  g.cur->groups.push_back(std::move(g.cur->open));
  g.cur->open.clear();
}
void cp_async_wait(int allowed, bool uncommitted_too) {
  Enter enter;
  Lane& me = *g.cur;
  auto land = [](std::vector<CpOp>& v) {
    for (auto& o : v) {
      std::memcpy(o.dst, o.data, o.bytes);
      race_async(o.dst, o.bytes, false);
    }
    v.clear();
  };
  while (int(me.groups.size()) > allowed) {
    land(me.groups.front());
    me.groups.pop_front();
  }
  if (uncommitted_too) land(me.open);
}

bool run_grid(const Launch& l) {
  size_t n = size_t(l.block.x) * l.block.y * l.block.z;
  make_lanes(uint32_t(n));
  g.launch = &l;
  g.smem_bytes = l.smem;
  blockDim = l.block;
  gridDim = l.grid;
  g.rng = g.seed * 0x9E3779B97F4A7C15ull + 88172645463325252ull;
  race_launch_begin();
  uint64_t blocks = uint64_t(l.grid.x) * l.grid.y * l.grid.z, step = 1, start = 0;
  if (g.seed == 1) {
    start = blocks - 1;
    step = blocks - 1;
  }                                     // reverse order
  else if (g.seed > 1 && blocks > 1) {  // a random affine permutation
    start = rnd() % blocks;
    do step = 1 + rnd() % (blocks - 1 ? blocks - 1 : 1);
    while (std::__gcd(step, blocks) != 1);
  }
  for (uint64_t k = 0, b = start; k < blocks; ++k, b = (b + step) % blocks) {
    blockIdx = {unsigned(b % l.grid.x), unsigned(b / l.grid.x % l.grid.y),
                unsigned(b / (uint64_t(l.grid.x) * l.grid.y))};
    if (!run_block()) return false;
  }
  return true;
}
uint32_t current_linear() { return g.cur ? g.cur->linear : ~0u; }
bool in_kernel() { return g.cur; }
std::string current_name() {
  return g.cur ? std::string(thread_name(*g.cur).s) + " of " + block_name().s : "host";
}
std::pair<uintptr_t, uintptr_t> current_stack() {
  auto p = uintptr_t(g.cur->ctx.stack);
  return {p, p + g.cur->ctx.size};
}
const std::string& last_fault() { return g.error; }
void clear_fault() { g.error.clear(); }
Stats& stats() { return g.stats; }
void set_seed(uint64_t s) { g.seed = s; }
void set_strict(bool on) { g.strict = on; }
uint64_t random_u64() {
  static uint64_t x = 7;
  x = x * 6364136223846793005ull + 1442695040888963407ull + g.seed;
  return x >> 33;
}
}  // namespace simt
