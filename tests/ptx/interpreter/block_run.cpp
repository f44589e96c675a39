// block_run.cpp: the loop over the instructions of a warp.
#include "tests/ptx/interpreter/block_run.h"

#include <algorithm>

#include "tests/ptx/interpreter/lanes.h"
#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {
namespace {

constexpr uint32_t kNobody = ~0u;

void leave(Warp& w, uint32_t lanes, uint32_t at) {
  for (uint32_t left = lanes; left != 0; left &= left - 1) w.pc[std::countr_zero(left)] = at;
}

}  // namespace

BlockRun::BlockRun(const Launch& launch, Block& block)
    : k_(launch.kernel),
      launch_(launch),
      block_(block),
      serial_(options().order == Order::serial),
      reverse_(options().order == Order::reverse) {}

void BlockRun::run(Dim3 at) {
  at_ = at;
  prepare();
  for (;;) {
    bool alive = false;
    for (size_t i = 0; i < block_.warps.size(); ++i) {
      Warp& w = *block_.warps[reverse_ ? block_.warps.size() - 1 - i : i];
      if (w.alive != 0 && !w.at_barrier) run_warp(w);
      alive |= w.alive != 0;
    }
    if (!alive) return;
    release_barriers();
  }
}

void BlockRun::prepare() {
  auto variables = k_.shared;
  const auto dynamic = static_cast<uint32_t>(launch_.dynamic_shared);
  if (k_.dynamic_shared && dynamic > 0) variables.emplace_back(k_.shared_end, dynamic);
  const uint32_t bytes = k_.shared_end + dynamic - static_cast<uint32_t>(kSharedBase);
  block_.shared.reset(variables, bytes, options().races);
  block_.local.assign(launch_.dim.count() * k_.local_bytes, static_cast<char>(0xFF));
  for (auto& w : block_.warps) {
    const uint64_t left = launch_.dim.count() - w->id * kLanes;
    w->alive = left >= kLanes ? ~0u : (1u << left) - 1;
    w->parked = 0;
    w->at_barrier = false;
    w->epoch = 1;
    std::fill_n(w->pc, kLanes, 0u);
    for (CopyQueue& q : w->copies) q = {};
    w->set.assign(k_.tracked_registers, 0);
    set_specials(*w);
  }
}

uint32_t BlockRun::special(const std::string& name, const Warp& w, int lane) const {
  const Dim3 &dim = launch_.dim, &grid = launch_.grid;
  const unsigned t = w.thread(lane);
  const auto axis = [&](const Dim3& d) {
    return name.back() == 'x' ? d.x : name.back() == 'y' ? d.y : d.z;
  };
  if (name.starts_with("%tid.")) return axis({t % dim.x, t / dim.x % dim.y, t / dim.x / dim.y});
  if (name.starts_with("%ntid.")) return axis(dim);
  if (name.starts_with("%ctaid.")) return axis(at_);
  if (name.starts_with("%nctaid.")) return axis(grid);
  if (name == "%laneid") return static_cast<uint32_t>(lane);
  if (name == "%warpid") return w.id;
  if (name == "%nwarpid") return static_cast<uint32_t>(block_.warps.size());
  if (name == "%lanemask_eq") return 1u << lane;
  if (name == "%lanemask_lt") return (1u << lane) - 1;
  if (name == "%lanemask_le") return (2u << lane) - 1;
  if (name == "%lanemask_gt") return ~((2u << lane) - 1);
  if (name == "%lanemask_ge") return ~((1u << lane) - 1);
  if (name == "%dynamic_smem_size") return static_cast<uint32_t>(launch_.dynamic_shared);
  return name == "%nsmid" ? 1 : 0;
}

void BlockRun::set_specials(Warp& w) const {
  for (const auto& [name, offset] : k_.specials) {
    for (int lane = 0; lane < static_cast<int>(kLanes); ++lane) {
      const uint32_t value = special(name, w, lane);
      if (name == "%clock64") {
        lanes_of<uint64_t>(w, offset)[lane] = value;
      } else {
        lanes_of<uint32_t>(w, offset)[lane] = value;
      }
    }
  }
}

// Until the warp has ended or waits at a barrier.
void BlockRun::run_warp(Warp& w) {
  of_warp_ = 0;
  for (;;) {
    if ((w.alive & ~w.parked) == 0) {
      if (w.alive == 0) break;
      deadlock(w);
    }
    if (!run_group(w, next_group(w))) break;
  }
  instructions_ += of_warp_;
}

// The lanes at the lowest instruction.
BlockRun::Group BlockRun::next_group(const Warp& w) const {
  Group g{kNobody, 0, kNobody};
  for (uint32_t left = w.alive & ~w.parked; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    if (w.pc[lane] < g.pc) {
      g.others = g.pc;
      g.pc = w.pc[lane];
      g.mask = 1u << lane;
    } else if (w.pc[lane] == g.pc) {
      g.mask |= 1u << lane;
    } else {
      g.others = std::min(g.others, w.pc[lane]);
    }
  }
  if (serial_) {
    g.mask &= ~g.mask + 1;
    g.others = kNobody;
  }
  return g;
}

// Until the group parts, meets others or waits. False: the warp waits at a barrier.
bool BlockRun::run_group(Warp& w, Group g) {
  const Instr* const code = k_.code.data();
  const uint64_t limit = options().limit;
  for (;;) {
    const Instr& i = code[g.pc];
    if (++of_warp_ > limit) fault(w, i, std::countr_zero(g.mask), "runs for ever");
    uint32_t mask = g.mask;
    if (i.guard != Instr::kNone) mask &= predicate(w, i.guard) ^ (i.negated ? ~0u : 0);
    if (i.tracked != Instr::kNone && mask != 0) track(w, i, mask);
    if (i.kind == Kind::plain || mask == 0) {
      if (mask != 0) call(w, i, mask);
      ++g.pc;
    } else {
      const Next next = step(w, g, i, mask);
      if (next != Next::same_group) return next != Next::barrier;
    }
    if (g.pc >= g.others) {
      leave(w, g.mask, g.pc);
      return true;
    }
  }
}

// Branches, exits and instructions of several lanes.
BlockRun::Next BlockRun::step(Warp& w, Group& g, const Instr& i, uint32_t mask) {
  const uint32_t rest = g.mask & ~mask;
  if (i.kind == Kind::branch) {
    if (rest == 0) {
      g.pc = i.target;
      return Next::same_group;
    }
    leave(w, mask, i.target);
    leave(w, rest, g.pc + 1);
    return Next::other_group;
  }
  if (i.kind == Kind::exit) {
    w.alive &= ~mask;
    g.mask = rest;
    ++g.pc;
    return rest == 0 ? Next::other_group : Next::same_group;
  }
  if (rest != 0) {  // lanes whose guard is false continue; the others come back here
    leave(w, rest, g.pc + 1);
    leave(w, mask, g.pc);
    return Next::other_group;
  }
  return synchronize(w, g, i, mask);
}

// Runs the instruction if all its members are here; otherwise the lanes wait for them.
BlockRun::Next BlockRun::synchronize(Warp& w, Group& g, const Instr& i, uint32_t mask) {
  uint32_t here = mask;
  for (uint32_t left = w.parked; left != 0; left &= left - 1) {
    if (w.pc[std::countr_zero(left)] == g.pc) here |= left & (~left + 1);
  }
  const uint32_t wanted = members(w, i, mask) & w.alive;
  if ((here & wanted) != wanted) {
    leave(w, mask, g.pc);
    w.parked |= mask;
    return Next::other_group;
  }
  w.parked &= ~wanted;
  if (i.kind == Kind::barrier) {
    leave(w, wanted, g.pc);
    w.at_barrier = true;
    return Next::barrier;
  }
  call(w, i, wanted);
  ++g.pc;
  if (wanted == g.mask && !serial_) return Next::same_group;
  leave(w, wanted, g.pc);  // some came from elsewhere
  return Next::other_group;
}

void BlockRun::call(Warp& w, const Instr& i, uint32_t mask) {
  try {
    i.run(w, i, mask);
  } catch (const LaneFault& f) {
    fault(w, i, f.lane, f.what);
  } catch (const Error& e) {
    fault(w, i, std::countr_zero(mask), e.what());
  }
}

// Reads of registers that no instruction has written.
void BlockRun::track(Warp& w, const Instr& i, uint32_t mask) {
  const Tracked& t = k_.tracked[i.tracked];
  uint32_t set = ~0u;
  for (const uint32_t r : t.read) set &= w.set[r];
  if ((set & mask) != mask && !t.passes_on) {
    fault(w, i, std::countr_zero(mask & ~set), "reads a register that was never written");
  }
  for (const uint32_t r : t.written) merge(w.set[r], t.passes_on ? set : ~0u, mask);
}

uint32_t BlockRun::members(Warp& w, const Instr& i, uint32_t mask) {
  if (i.members == Instr::kNone) {
    if (i.kind == Kind::warp_sync && w.alive != ~0u) {
      fault(w, i, std::countr_zero(mask), "lanes of the warp have ended or never were");
    }
    return ~0u;
  }
  const uint32_t* const masks = lanes_of<uint32_t>(w, i.members);
  const uint32_t wanted = masks[std::countr_zero(mask)];
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const int lane = std::countr_zero(left);
    if (masks[lane] != wanted) fault(w, i, lane, "lanes name different members");
    if ((wanted >> lane & 1) == 0) {
      fault(w, i, lane, "the lane is not among the members that it names");
    }
  }
  return wanted;
}

}  // namespace pg::ptx
