// core.h: the emulator's interface for the stand-in CUDA headers: a thread's indices, and the
// collective operations.
//
// A grid runs on the calling OS thread, one block after another. The threads of a block are fibers;
// they switch at collective operations (barriers, warp operations) and when they spin (atomics).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tests/simt/emulator/report.h"

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

// A last parameter with the caller's file and line, for reports.
#define PG_SIMT_LOC const pg::simt::Loc& loc = pg::simt::Loc::current()

// For functions of these headers with accesses that the race checker must ignore.
#define PG_SIMT_UNWATCHED __attribute__((no_sanitize("thread")))

namespace pg::simt {

inline constexpr uint32_t kLanes = 32;
inline constexpr uint32_t kWholeWarp = 0xFFFFFFFFu;

unsigned lane_id();
void* dynamic_smem();

// A warp operation when its last lane has arrived: arg[l] is the argument of lane l, or null if
// lane l does not take part (not in the mask, or exited).
struct WarpCall {
  void* arg[kLanes];
  uint32_t present;
};
using Resolve = void (*)(WarpCall&);
struct WarpOperation {
  const char* name;
  uint32_t mask;
  void* arg;
  Resolve resolve;  // run once, by the last lane; null: __syncwarp, which orders memory instead
};
// Returns when all lanes of the mask have called it with the same name and mask.
void warp_collective(const WarpOperation& operation, const Loc& loc);

// __syncthreads: returns when all threads of the block have arrived, with their votes (0 or 1).
struct BarrierResult {
  int threads, votes;
};
BarrierResult barrier(int vote, const Loc& loc);

// Every thread of an overlapping launch calls it before it touches device memory.
void follow_earlier_kernels();

void yield();        // called by code that spins
void maybe_yield();  // sometimes yields: called by atomics and fences

// cp.async: `valid` bytes, then zeros, 16 bytes in all. They arrive at the wait; until then the
// destination holds poison.
void cp_async(void* to, const void* from, int valid, const Loc& loc);
void cp_async_commit();
void cp_async_wait(int pending);  // at most this many groups stay in flight

// Fills memory with 0xFF: NaN in every floating-point type.
template <typename T>
void poison(T& value) {
  std::memset(static_cast<void*>(&value), 0xFF, sizeof value);
}

}  // namespace pg::simt
