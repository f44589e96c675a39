// warp.h: the state of a running block and of its warps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/ptx/interpreter/code.h"
#include "tests/ptx/interpreter/shared.h"

namespace pg::ptx {

constexpr unsigned kLanes = 32;

// A cp.async under way: its bytes land when its group has been waited for.
struct Copy {
  uint32_t to, size, group;
  alignas(16) char bytes[16];
};
struct CopyQueue {
  std::vector<Copy> copies;
  uint32_t groups = 0;
};

struct Block;
struct Warp {
  char* base[2];  // registers, constants
  Block* block = nullptr;
  unsigned id = 0;
  uint32_t alive = 0, parked = 0;  // lanes; parked: wait at a warp-synchronous instruction
  bool at_barrier = false;
  uint32_t pc[kLanes];
  uint16_t epoch = 1;  // counts barriers and bar.warp.sync
  CopyQueue copies[kLanes];
  std::vector<uint32_t> set;  // of each tracked register: the lanes that have written it

  unsigned thread(int lane) const { return id * kLanes + static_cast<unsigned>(lane); }
  Access access(int lane) const { return {thread(lane), epoch}; }
};

struct Block {
  const Kernel* kernel = nullptr;
  Shared shared;
  std::vector<char> local;  // of all threads
  const char* params = nullptr;
  std::vector<std::unique_ptr<Warp>> warps;
  uint32_t number = 0;
  bool global_races = false;
};

// Thrown by handlers: an error of one lane.
struct LaneFault {
  std::string what;
  int lane;
};

}  // namespace pg::ptx
