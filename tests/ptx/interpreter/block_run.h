// block_run.h: gives the lanes and warps of a block their turns.
//
// Lanes have program counters of their own. Those at the same instruction run together, the lowest
// instruction first; a warp-synchronous instruction waits for its members. Warps run until they end
// or wait at a barrier.
#pragma once

#include "tests/ptx/interpreter/warp.h"

namespace pg::ptx {

struct Launch {
  const Kernel& kernel;
  Dim3 grid, dim;
  size_t dynamic_shared = 0;
};

class BlockRun {
 public:
  BlockRun(const Launch& launch, Block& block);
  void run(Dim3 at);
  uint64_t instructions() const { return instructions_; }  // of warps

 private:
  // Lanes that run together, and where the next others wait.
  struct Group {
    uint32_t pc, mask, others;
  };
  enum class Next : uint8_t { same_group, other_group, barrier };

  void prepare();
  uint32_t special(const std::string& name, const Warp& w, int lane) const;
  void set_specials(Warp& w) const;

  void run_warp(Warp& w);
  Group next_group(const Warp& w) const;
  bool run_group(Warp& w, Group group);
  Next step(Warp& w, Group& group, const Instr& i, uint32_t mask);
  Next synchronize(Warp& w, Group& group, const Instr& i, uint32_t mask);
  void call(Warp& w, const Instr& i, uint32_t mask);
  void track(Warp& w, const Instr& i, uint32_t mask);
  uint32_t members(Warp& w, const Instr& i, uint32_t mask);

  // barriers.cpp
  void release_barriers();
  void finish_barrier(const std::vector<Warp*>& warps);
  const Instr& at(const Warp& w) const;
  // faults.cpp
  [[noreturn]] void fault(const Warp& w, const Instr& i, int lane, const std::string& what) const;
  [[noreturn]] void deadlock(const Warp& w) const;
  std::string where(size_t pc) const;

  const Kernel& k_;
  const Launch& launch_;
  Block& block_;
  Dim3 at_;
  bool serial_, reverse_;
  uint64_t instructions_ = 0, of_warp_ = 0;
};

}  // namespace pg::ptx
