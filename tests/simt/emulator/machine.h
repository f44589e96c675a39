// machine.h: the emulated multiprocessor: the running block, its threads and their schedule.
// Private to the emulator.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <vector>

#include "tests/simt/emulator/fiber.h"
#include "tests/simt/emulator/grid.h"

namespace pg::simt {

inline constexpr uint32_t kMaxThreads = 1024;
inline constexpr size_t kMaxSmem = 227 << 10;

// True while a kernel's thread is in the emulator's own code, which the race checker must ignore:
// the linker may use the instrumented copy of an inline function (of std::string, say) for the
// emulator too.
extern bool in_emulator;

// For the functions that kernels call.
class EmulatorScope {
 public:
  EmulatorScope() : before_(in_emulator) { in_emulator = true; }
  ~EmulatorScope() { in_emulator = before_; }
  EmulatorScope(const EmulatorScope&) = delete;
  EmulatorScope& operator=(const EmulatorScope&) = delete;

 private:
  bool before_;
};

// One cp.async that has not been waited for.
struct PendingCopy {
  char* to;
  std::array<unsigned char, 16> data;
};
using CopyGroup = std::vector<PendingCopy>;

enum class LaneState : uint8_t { ready, at_barrier, in_warp_operation, exited };

// A thread of the block.
struct Lane {
  Fiber fiber;
  bool started = false;  // the fiber has frames and continues with the next block
  uint3 index{};         // threadIdx
  uint32_t rank = 0, warp = 0, lane = 0;
  LaneState state = LaneState::ready;
  bool follows = false;       // the kernels ahead have ended
  WarpOperation operation{};  // the operation it waits in; a barrier has only a name
  Loc loc;
  CopyGroup open_copies;
  std::deque<CopyGroup> committed_copies;
};

struct Warp {
  uint32_t exists = 0, exited = 0, waiting = 0;  // a bit for each lane
};

struct Barrier {
  BarrierResult arrived{};
  Loc loc;
  uint32_t first = 0;  // rank of the first thread to arrive
};

struct Random {
  uint64_t state = 1;
  uint64_t next() {  // xorshift
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  }
};

struct Machine {
  std::vector<Lane> lanes;
  std::array<Warp, kMaxThreads / kLanes> warps;
  Barrier barrier;
  BarrierResult last_barrier{};
  Fiber host;               // the caller of the launch
  Lane* current = nullptr;  // the running thread
  uint32_t threads = 0, live = 0;
  uint64_t idle_yields = 0;  // since a thread last made progress
  const Launch* launch = nullptr;
  char* smem = nullptr;
  std::string fault;
  bool failed = false;
  uint64_t seed = 0;
  Random random;
  uint64_t choices = 7;  // state of random_choice()
};
extern Machine machine;

// Scheduling. The current thread stops in run_next(): another one runs, or the host if all have
// exited.
void forget_ready();
void make_ready(Lane& lane);
void run_first();
void run_next();

void thread_exits(Lane& lane);  // wakes threads that waited only for it
void land_all_copies(Lane& lane);

[[noreturn]] void report_deadlock();
Text name_of(const Lane& lane);
Text block_name();

}  // namespace pg::simt
