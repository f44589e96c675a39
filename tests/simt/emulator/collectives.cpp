// collectives.cpp: barriers of a block and operations of a warp.
#include <bit>
#include <cstring>

#include "tests/simt/emulator/machine.h"
#include "tests/simt/emulator/race.h"

namespace pg::simt {
namespace {

bool same_line(const Loc& a, const Loc& b) {
  return a.line() == b.line() && std::strcmp(a.file_name(), b.file_name()) == 0;
}

bool barrier_complete() {
  const Barrier& b = machine.barrier;
  if (b.arrived.threads == 0 || b.arrived.threads < static_cast<int>(machine.live)) return false;
  if (const uint32_t exited = machine.threads - machine.live; exited > 0) {
    fail(
        text("divergent barrier: %d thread(s) of %s wait at %s, but %u thread(s) have already "
             "exited",
             b.arrived.threads, block_name().chars, place(b.loc).chars, exited));
  }
  return true;
}

void release_barrier() {
  machine.idle_yields = 0;
  race_barrier();
  machine.last_barrier = machine.barrier.arrived;
  machine.barrier = {};
  for (uint32_t i = 0; i < machine.threads; ++i) {
    Lane& lane = machine.lanes[i];
    if (lane.state == LaneState::at_barrier && &lane != machine.current) make_ready(lane);
  }
}

// The arguments of the lanes in `present` of a warp, which must all be in the same operation.
WarpCall gather(const Lane* lanes, uint32_t present) {
  WarpCall call{.arg = {}, .present = present};
  const Lane& first = lanes[std::countr_zero(present)];
  for (uint32_t l = 0; l < kLanes; ++l) {
    if ((present >> l & 1) == 0) continue;
    const Lane& lane = lanes[l];
    if (lane.operation.mask != first.operation.mask ||
        std::strcmp(lane.operation.name, first.operation.name) != 0) {
      fail(text("mismatched warp operation in %s: %s is in %s at %s, %s is in %s at %s",
                block_name().chars, name_of(first).chars, first.operation.name,
                place(first.loc).chars, name_of(lane).chars, lane.operation.name,
                place(lane.loc).chars));
    }
    call.arg[l] = lane.operation.arg;
  }
  return call;
}

// Completes the operation with this mask once all of its lanes have arrived.
bool try_warp_operation(uint32_t warp_index, uint32_t mask) {
  Warp& warp = machine.warps[warp_index];
  const uint32_t present = mask & warp.exists & ~warp.exited;
  if (present == 0 || (warp.waiting & present) != present) return false;
  Lane* const lanes = &machine.lanes[warp_index * kLanes];
  WarpCall call = gather(lanes, present);
  machine.idle_yields = 0;
  note_warp_operation(lanes[std::countr_zero(present)].operation.name, warp_index, present);
  if (const Resolve resolve = lanes[std::countr_zero(present)].operation.resolve) {
    resolve(call);
  } else {
    race_warp_barrier(warp_index, present);
  }
  warp.waiting &= ~present;
  for (uint32_t l = 0; l < kLanes; ++l) {
    if ((present >> l & 1) == 0) continue;
    if (&lanes[l] == machine.current) {
      lanes[l].state = LaneState::ready;
    } else {
      make_ready(lanes[l]);
    }
  }
  return true;
}

}  // namespace

BarrierResult barrier(int vote, const Loc& loc) {
  const EmulatorScope scope;
  Lane& me = *machine.current;
  Barrier& b = machine.barrier;
  if (b.arrived.threads == 0) {
    b.loc = loc;
    b.first = me.rank;
  } else if (!same_line(b.loc, loc)) {
    fail(text("divergent barrier in %s: %s waits at %s, %s waits at %s", block_name().chars,
              name_of(machine.lanes[b.first]).chars, place(b.loc).chars, name_of(me).chars,
              place(loc).chars));
  }
  ++b.arrived.threads;
  b.arrived.votes += vote;
  me.operation = {.name = "__syncthreads", .mask = 0, .arg = nullptr, .resolve = nullptr};
  me.loc = loc;
  me.state = LaneState::at_barrier;
  if (barrier_complete()) {
    release_barrier();
    me.state = LaneState::ready;
  } else {
    run_next();
  }
  // No later barrier is released before this thread reaches it.
  return machine.last_barrier;
}

void warp_collective(const WarpOperation& operation, const Loc& loc) {
  const EmulatorScope scope;
  Lane& me = *machine.current;
  me.operation = operation;
  me.loc = loc;
  if ((operation.mask >> me.lane & 1) == 0) {
    fail(text("%s at %s: the mask does not contain the calling %s", operation.name,
              place(loc).chars, name_of(me).chars));
  }
  machine.warps[me.warp].waiting |= 1u << me.lane;
  me.state = LaneState::in_warp_operation;
  if (!try_warp_operation(me.warp, operation.mask)) run_next();
}

void follow_earlier_kernels() {
  const EmulatorScope scope;
  if (machine.current != nullptr) machine.current->follows = true;
}

void thread_exits(Lane& lane) {
  if (!lane.follows) fail(text("%s ends without follow_earlier_kernels()", name_of(lane).chars));
  land_all_copies(lane);
  lane.state = LaneState::exited;
  --machine.live;
  machine.idle_yields = 0;
  Warp& warp = machine.warps[lane.warp];
  warp.exited |= 1u << lane.lane;
  if (machine.live == 0) return;
  if (barrier_complete()) release_barrier();
  for (uint32_t left = warp.waiting; left != 0; left &= left - 1) {
    const auto other = static_cast<uint32_t>(std::countr_zero(left));
    if ((warp.waiting >> other & 1) == 0) continue;  // completed together with an earlier lane
    try_warp_operation(lane.warp, machine.lanes[lane.warp * kLanes + other].operation.mask);
  }
}

}  // namespace pg::simt
