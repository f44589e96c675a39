// barriers.cpp: warps that wait at barriers of the block.
#include "tests/ptx/interpreter/block_run.h"
#include "tests/ptx/interpreter/counting.h"

namespace pg::ptx {
namespace {

constexpr uint32_t kBarriers = 16;

int first_lane(const Warp& w) { return std::countr_zero(w.alive); }

}  // namespace

// The instruction at which a waiting warp waits.
const Instr& BlockRun::at(const Warp& w) const { return k_.code[w.pc[first_lane(w)]]; }

// All warps that are left wait at barriers: releases those that are complete.
void BlockRun::release_barriers() {
  std::map<uint32_t, std::vector<Warp*>> waiting;  // by barrier
  unsigned alive = 0;
  for (const auto& w : block_.warps) {
    if (w->alive == 0) continue;
    alive += kLanes;
    waiting[lanes_of<uint32_t>(*w, at(*w).o[2])[first_lane(*w)]].push_back(w.get());
  }
  bool released = false;
  for (const auto& [barrier, warps] : waiting) {
    Warp& w = *warps.front();
    const Instr& i = at(w);
    const uint32_t wanted =
        i.o[3] == Instr::kNone ? alive : lanes_of<uint32_t>(w, i.o[3])[first_lane(w)];
    const size_t here = warps.size() * kLanes;
    if (wanted % kLanes != 0 || barrier >= kBarriers) {
      fault(w, i, 0, "not a valid barrier or number of threads");
    }
    if (here > wanted) fault(w, i, 0, "more threads at the barrier than it counts");
    if (here < wanted) continue;
    finish_barrier(warps);
    released = true;
  }
  if (released) return block_.shared.next_epoch();
  std::string text = "deadlock: warps wait at different barriers";
  for (const auto& [barrier, warps] : waiting) {
    for (const Warp* w : warps) {
      text += "\n  warp " + std::to_string(w->id) + " at barrier " + std::to_string(barrier) +
              where(w->pc[first_lane(*w)]);
    }
  }
  const Warp& first = *waiting.begin()->second.front();
  fault(first, at(first), 0, text);
}

void BlockRun::finish_barrier(const std::vector<Warp*>& warps) {
  const uint8_t mode = at(*warps.front()).mode;
  if (counters() != nullptr) counters()->barriers += warps.size();
  uint32_t count = 0;
  bool all = true;
  for (Warp* w : warps) {
    const Instr& own = at(*w);
    if (own.mode != mode) fault(*w, own, 0, "warps meet at barriers of different kinds");
    if (mode == kNoReduction) continue;
    const uint32_t p = (predicate(*w, own.o[1]) ^ (own.offset != 0 ? ~0u : 0)) & w->alive;
    count += static_cast<uint32_t>(std::popcount(p));
    all &= p == w->alive;
  }
  for (Warp* w : warps) {
    const Instr& own = at(*w);
    if (mode == kCount) {
      each(w->alive, lanes_of<uint32_t>(*w, own.o[0]), [count]() { return count; });
    } else if (mode != kNoReduction) {
      const bool result = mode == kAll ? all : count > 0;
      merge(predicate(*w, own.o[0]), result ? ~0u : 0, w->alive);
    }
    for (uint32_t left = w->alive; left != 0; left &= left - 1) ++w->pc[std::countr_zero(left)];
    w->at_barrier = false;
    ++w->epoch;
  }
}

}  // namespace pg::ptx
