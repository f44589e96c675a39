// Race, initialisation and address checking. Kernel files are compiled with -fsanitize=thread, and
// this file takes the place of ThreadSanitizer's runtime: every load and store of a kernel arrives
// here.
//
// Two accesses of a launch to the same byte, at least one a plain write, conflict unless ordered by
//   - being from the same thread,
//   - a __syncthreads() between them (same block: barrier count differs),
//   - __syncwarp() (same warp: per-lane vector clocks), or
//   - an atomic on the same address after __threadfence() (different blocks).
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <map>
#include <unordered_map>
#include <vector>
#include "simt/core.h"
#include "simt/internal.h"

namespace simt {
namespace {
using Where = uintptr_t;  // return address, or source_location with the top bit set
struct Stamp {
  uint32_t block, epoch, seg;
  uint16_t tid;
  uint8_t kind;
  Where at;
};  // block 0: never
struct Cell {
  Stamp w, r, r2;
  bool host_init, async;
};
// One cell covers 1 << shift bytes; the cells of a region are split when a smaller access comes.
struct Region {
  uintptr_t lo, hi;
  int shift;
  bool shared;
  std::string name;
  std::vector<Cell> cells;
};
struct Lane {
  uint32_t seg, vc[32];
  bool fenced;
};

std::map<uintptr_t, Region> regions;  // by start address
Region* hot[4];
unsigned hot_next;
uint32_t block_serial = 0, launch_first = 1, epoch = 0;
Lane lanes[1024];
std::unordered_map<uintptr_t, std::unordered_map<uint32_t, uint32_t>>
    released;  // atomic address -> block -> epoch
std::unordered_map<uint32_t, uint32_t>
    acquired;  // block -> its accesses before this epoch are ordered
uintptr_t params_lo, params_hi, dynamic_lo;

constexpr Where kLocBit = Where(1) << 63;
Where at(const Loc& l) {
  static_assert(sizeof l == sizeof(Where));
  Where v;
  std::memcpy(&v, &l, sizeof v);
  return v | kLocBit;
}
Where at(const void* pc) { return Where(pc); }
std::string source(Where v) {
  if (v & kLocBit) {
    Loc l;
    v &= ~kLocBit;
    std::memcpy(static_cast<void*>(&l), &v, sizeof v);
    return where(l);
  }
  extern char exe asm("__executable_start");
  char cmd[128], line[512] = "?";  // the report ends the kernel, so a subprocess is fine
  snprintf(cmd, sizeof cmd, "addr2line -e /proc/%d/exe %#zx", getpid(),
           size_t(v) - 1 - size_t(&exe));
  if (FILE* f = popen(cmd, "r")) {
    if (fgets(line, sizeof line, f)) line[strcspn(line, " \n")] = 0;
    pclose(f);
  }
  if (auto* s = strrchr(line, '/')) return s + 1;
  return line;
}

Region* find(uintptr_t a) {
  for (Region* r : hot)
    if (r && a >= r->lo && a < r->hi) return r;
  auto it = regions.upper_bound(a);
  if (it == regions.begin()) return nullptr;
  Region& r = std::prev(it)->second;
  return a < r.hi ? hot[hot_next++ % 4] = &r : nullptr;
}
void add(uintptr_t lo, size_t n, bool shared, std::string name) {
  regions[lo] = {lo, lo + n, 2, shared, std::move(name), std::vector<Cell>(n / 4 + 1)};
  for (auto& h : hot) h = nullptr;
}
void refine(Region& r, uintptr_t a, size_t n) {
  while (((a - r.lo) | n) & ((size_t(1) << r.shift) - 1)) {
    std::vector<Cell> c;
    c.reserve(2 * r.cells.size());
    for (auto& x : r.cells) {
      c.push_back(x);
      c.push_back(x);
    }
    r.cells = std::move(c);
    --r.shift;
  }
}
bool ordered(const Stamp& s, uint32_t tid) {
  if (s.block < launch_first || (s.block == block_serial && (s.tid == tid || s.epoch < epoch)))
    return true;
  if (s.block != block_serial) {
    auto it = acquired.find(s.block);
    return it != acquired.end() && s.epoch < it->second;
  }
  return s.tid / 32 == tid / 32 && s.seg <= lanes[tid].vc[s.tid % 32];
}
const char* verb(int k) { return k == kRead ? "read" : k == kWrite ? "write" : "atomic access"; }
std::string describe(const Region& r, uintptr_t a, size_t n, int kind, Where pc) {
  return std::string(verb(kind)) + " of " + r.name + "+" + std::to_string(a - r.lo) + " (" +
         std::to_string(n) + " bytes) by " + current_name() + " at " + source(pc);
}
std::string describe(const Stamp& s) {
  return std::string(verb(s.kind)) + " by thread " + std::to_string(s.tid) +
         (s.block == block_serial ? "" : " of another block") + " at " + source(s.at);
}
bool in_program(uintptr_t a) {  // constants, thread indices
  extern char exe asm("__executable_start"), end asm("_end");
  return a >= uintptr_t(&exe) && a < uintptr_t(&end);
}
void check(uintptr_t a, size_t n, int kind, Where pc) {
  auto [slo, shi] = current_stack();
  if (a >= slo && a < shi) return;
  Region* r = find(a);
  if (!r) {
    if (in_program(a) || (a >= params_lo && a < params_hi)) return;
    fail(std::string("invalid ") + verb(kind) + " of " + std::to_string(n) + " bytes by " +
         current_name() + " at " + source(pc) + ": not device memory, or out of bounds");
  }
  if (a + n > r->hi) fail("out of bounds " + describe(*r, a, n, kind, pc));
  if (a % n && !(n & (n - 1))) fail("misaligned " + describe(*r, a, n, kind, pc));
  refine(*r, a, n);
  uint32_t tid = current_linear();
  Stamp now{block_serial, epoch, lanes[tid].seg, uint16_t(tid), uint8_t(kind), pc};
  Cell* c = &r->cells[(a - r->lo) >> r->shift];
  for (size_t i = n >> r->shift; i--; ++c) {
    if (r->shared) {  // what another block left there is other memory
      if (c->w.block != block_serial) c->w = {}, c->async = false;
      if (c->r.block != block_serial) c->r = c->r2 = {};
    }
    if (c->async)
      fail(describe(*r, a, n, kind, pc) + " while the cp.async " + describe(c->w) +
           " has not been waited for");
    if (kind != kWrite && !c->host_init && !c->w.block)
      fail("uninitialised " + describe(*r, a, n, kind, pc));
    auto clash = [&](const Stamp& s) {
      if (s.block && !(kind == kAtomic && s.kind == kAtomic) && !ordered(s, tid))
        fail("data race: " + describe(*r, a, n, kind, pc) + " unordered with the " + describe(s));
    };
    clash(c->w);
    if (kind == kRead) {  // two readers are remembered: the first and the latest
      if (c->r.block != now.block || c->r.epoch != now.epoch || c->r.tid == now.tid)
        c->r = now;
      else
        c->r2 = now;
    } else {
      clash(c->r);
      clash(c->r2);
      c->w = now;
    }
  }
}
inline void access(void* p, size_t n, int kind, const void* pc) {
  if (in_shim) return;
  in_shim = true;
  check(uintptr_t(p), n, kind, at(pc));
  in_shim = false;
}
}  // namespace

void note_access(const void* p, size_t n, int kind, const Loc& loc) {
  Enter e;
  if (n && in_kernel()) check(uintptr_t(p), n, kind, at(loc));
}
void note_atomic(const void* p, size_t n, const void* pc) {
  if (!in_kernel()) return;
  Enter e;
  check(uintptr_t(p), n, kAtomic, at(pc));
  auto& rel = released[uintptr_t(p)];
  for (auto [b, ep] : rel)
    if (b >= launch_first && b != block_serial) acquired[b] = std::max(acquired[b], ep);
  if (lanes[current_linear()].fenced)
    rel[block_serial] = epoch + 1;  // what this thread did before, too
}
void note_fence() {
  if (in_kernel()) lanes[current_linear()].fenced = true;
}
void note_params(const void* p, size_t n) {
  params_lo = uintptr_t(p);
  params_hi = params_lo + n;
}
void race_launch_begin() {
  launch_first = block_serial + 1;
  released.clear();
}
void race_block_begin(const void* smem, size_t n) {
  if (!dynamic_lo) {
    for (auto& v : static_shared()) add(v.addr, v.size, true, "__shared__ " + v.name);
    add(dynamic_lo = uintptr_t(smem), 256 << 10, true, "dynamic shared memory");
  }
  regions[dynamic_lo].hi = dynamic_lo + n;
  for (auto& h : hot) h = nullptr;
  ++block_serial;
  epoch = 0;
  acquired.clear();
  for (auto& l : lanes) {
    l = {};
    l.seg = 1;
  }
}
void race_barrier() { ++epoch; }
void race_syncwarp(uint32_t warp, uint32_t mask) {
  uint32_t joined[32] = {};
  for (int l = 0; l < 32; ++l)
    if (mask >> l & 1) {
      Lane& x = lanes[warp * 32 + l];
      for (int k = 0; k < 32; ++k) joined[k] = std::max(joined[k], x.vc[k]);
      joined[l] = std::max(joined[l], x.seg);
    }
  for (int l = 0; l < 32; ++l)
    if (mask >> l & 1) {
      Lane& x = lanes[warp * 32 + l];
      std::memcpy(x.vc, joined, sizeof joined);
      ++x.seg;
    }
}
void race_async(const void* p, size_t n, bool begin) {
  Region* r = find(uintptr_t(p));
  if (!r) return;
  for (Cell *c = &r->cells[(uintptr_t(p) - r->lo) >> r->shift], *e = c + (n >> r->shift); c < e;
       ++c) {
    c->async = begin;
    if (!begin) {
      c->w.epoch = epoch;
      c->w.seg = lanes[current_linear()].seg;
    }  // the write becomes visible now
  }
}
void race_alloc(void* p, size_t n) {
  add(uintptr_t(p), n, false, "device allocation of " + std::to_string(n) + " bytes");
}
void race_free(void* p) {
  regions.erase(uintptr_t(p));
  for (auto& h : hot) h = nullptr;
}
void race_host_write(void* p, size_t n) {
  Region* r = find(uintptr_t(p));
  if (!r || !n) return;
  refine(*r, uintptr_t(p), uintptr_t(p) + n == r->hi ? 4 : n);
  for (size_t i = (uintptr_t(p) - r->lo) >> r->shift,
              e = (uintptr_t(p) - r->lo + n - 1) >> r->shift;
       i <= e; ++i)
    r->cells[i].host_init = true;
}
}  // namespace simt

extern "C" {
#define HOOK(NAME, N, K) \
  void NAME(void* p) { simt::access(p, N, K, __builtin_return_address(0)); }
#define HOOKS(N)                                                                        \
  HOOK(__tsan_read##N, N, simt::kRead)                                                  \
  HOOK(__tsan_write##N, N, simt::kWrite) HOOK(__tsan_unaligned_read##N, N, simt::kRead) \
      HOOK(__tsan_unaligned_write##N, N, simt::kWrite)                                  \
          HOOK(__tsan_volatile_read##N, N, simt::kRead)                                 \
              HOOK(__tsan_volatile_write##N, N, simt::kWrite)
HOOKS(1) HOOKS(2) HOOKS(4) HOOKS(8) HOOKS(16) void __tsan_read_range(void* p, size_t n) {
  simt::access(p, n, simt::kRead, __builtin_return_address(0));
}
void __tsan_write_range(void* p, size_t n) {
  simt::access(p, n, simt::kWrite, __builtin_return_address(0));
}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
// Host code in the same file may use std::atomic or std::shared_ptr.
#define ATOMICS(B, T)                                                                             \
  T __tsan_atomic##B##_load(const volatile T* p, int) { return __atomic_load_n(p, 5); }           \
  void __tsan_atomic##B##_store(volatile T* p, T v, int) { __atomic_store_n(p, v, 5); }           \
  T __tsan_atomic##B##_exchange(volatile T* p, T v, int) { return __atomic_exchange_n(p, v, 5); } \
  T __tsan_atomic##B##_fetch_add(volatile T* p, T v, int) { return __atomic_fetch_add(p, v, 5); } \
  T __tsan_atomic##B##_fetch_sub(volatile T* p, T v, int) { return __atomic_fetch_sub(p, v, 5); } \
  int __tsan_atomic##B##_compare_exchange_strong(volatile T* p, T* c, T v, int, int) {            \
    return __atomic_compare_exchange_n(p, c, v, false, 5, 5);                                     \
  }                                                                                               \
  int __tsan_atomic##B##_compare_exchange_weak(volatile T* p, T* c, T v, int, int) {              \
    return __atomic_compare_exchange_n(p, c, v, true, 5, 5);                                      \
  }
ATOMICS(8, unsigned char) ATOMICS(32, unsigned) ATOMICS(64, unsigned long)
}
