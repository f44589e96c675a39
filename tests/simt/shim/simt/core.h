// Host emulation of the CUDA execution model: interface between the shim headers and runtime.cpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <source_location>
#include <string>

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

#define SIMT_NO_TSAN __attribute__((no_sanitize("thread")))

namespace simt {

using Loc = std::source_location;

// One call of a warp-collective operation, as seen by the lane that arrives last: arg[l] is what
// lane l passed, or null when lane l does not take part (not in the mask, or exited).
struct WarpCall {
  void* arg[32];
  uint32_t present;
};
using Resolve = void (*)(WarpCall&);

void warp_collective(const char* name, uint32_t mask, void* arg, Resolve fn, const Loc& loc);
void barrier(int id, int expected, bool wait, const Loc& loc);  // expected 0: every live thread
int barrier_reduce(int value, int op, const Loc& loc);          // 0 count, 1 and, 2 or
void yield();                                                   // spinning code calls this
void maybe_yield();                                             // atomics call this
unsigned lane_id();
void* dynamic_smem(size_t align);
size_t dynamic_smem_bytes();
[[noreturn]] void fail(const std::string& msg);  // kernel fault: launch returns an error
[[noreturn]] void fail_at(const Loc& l, const char* fmt, ...) __attribute__((format(printf, 2, 3)));
std::string where(const Loc& l);

// cp.async: bytes arrive only at the wait; until then the destination holds poison.
void cp_async(void* dst, const void* src, int bytes, int valid, const Loc& loc);
void cp_async_commit();
void cp_async_wait(int pending_allowed, bool uncommitted_too);

// Race and initialisation checking (race.cpp; empty otherwise).
enum Access { kRead = 0, kWrite = 1, kAtomic = 2 };
void note_access(const void* p, size_t n, int kind, const Loc& loc);
void note_atomic(const void* p, size_t n, const void* pc);
void note_fence();
void note_params(const void* p, size_t n);  // launch parameters: readable by the kernel

struct Launch {
  dim3 grid, block;
  size_t smem = 0;
  const void* func = nullptr;
  void (*call)(const void* body) = nullptr;  // runs one thread
  std::shared_ptr<const void> body;
};
bool run_grid(const Launch& l);  // false: fault, text in last_fault()
const std::string& last_fault();

struct Stats {
  uint64_t switches, threads, blocks, barriers, collectives;
};
Stats& stats();
// seed 0: threads in index order, 1: reverse order, others: random at every scheduling point.
void set_seed(uint64_t seed);
void set_strict(bool on);  // on: exited threads at a barrier and barriers reached from
                           // different source lines are faults (default)
template <class T>
void poison(T& v) {
  std::memset(static_cast<void*>(&v), 0xFF, sizeof v);
}

}  // namespace simt
