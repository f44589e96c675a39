// counting.cpp: gathers the accesses of threads into instructions of warps.
#include "tests/simt/race/counting.h"

#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tests/simt/emulator/machine.h"
#include "tests/simt/emulator/symbols.h"

namespace pg::simt {
namespace {

using hardware::LaunchCounters;
using hardware::WarpRequest;

constexpr uint32_t kMostBytes = 16;  // of one access of a thread

enum class Memory : uint8_t { global, shared, none };

// An access, or a part of a larger one.
struct Event {
  Place place;
  uint64_t address;
  uint32_t bytes;
  Access access;
  Memory memory;
  bool copy;  // the write of a cp.async
};

bool on = false;
hardware::CountedKernels kernels;
LaunchCounters* current = nullptr;
std::array<std::vector<Event>, kMaxThreads> events;  // since the warp met

const std::string& name_of(const void* kernel) {
  static std::map<const void*, std::string> names;
  std::string& name = names[kernel];
  if (name.empty()) name = hardware::short_kernel_name(demangled(kernel_name(kernel)));
  return name;
}

Memory memory_of(uintptr_t address) {
  const auto dynamic = reinterpret_cast<uintptr_t>(machine.smem);
  if (address - dynamic < kMaxSmem) return Memory::shared;
  const Region* const region = find_region(address);
  if (region == nullptr) return Memory::none;  // its stack, parameters, constants
  return region->shared() ? Memory::shared : Memory::global;
}

void count(const WarpRequest& request, const Event& event) {
  LaunchCounters& c = *current;
  if (event.copy) ++c.cp_async;
  const bool reads = event.access == Access::read;
  if (event.access == Access::atomic) {
    ++c.atomics;
  } else if (event.memory == Memory::global) {
    (reads ? c.loads : c.stores).add(request);
  } else {
    (reads ? c.shared_loads : c.shared_stores).add(request);
  }
}

// The instructions of a warp: the accesses of its lanes by place and turn.
void finish_warp(uint32_t warp) {
  struct Instruction {
    Event event;
    WarpRequest request;
  };
  std::vector<Instruction> found;
  std::unordered_map<uint64_t, std::vector<size_t>> at_place;  // in `found`, by turn
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    std::unordered_map<uint64_t, size_t> turns;
    for (const Event& e : events[warp * kLanes + lane]) {
      const uint64_t key = e.place * 4 + static_cast<uint64_t>(e.access);
      std::vector<size_t>& list = at_place[key];
      const size_t turn = turns[key]++;
      if (turn == list.size()) {
        list.push_back(found.size());
        found.push_back({.event = e, .request = {.lanes = 0, .bytes = e.bytes, .address = {}}});
      }
      found[list[turn]].request.add(lane, e.address);
    }
    events[warp * kLanes + lane].clear();
  }
  for (const Instruction& i : found) count(i.request, i.event);
}

void finish_block() {
  for (uint32_t w = 0; w < kMaxThreads / kLanes; ++w) finish_warp(w);
}

}  // namespace

void set_counting(bool wanted) {
  on = wanted;
  kernels.clear();
  current = nullptr;
}

bool counting() { return on; }

hardware::CountedKernels take_launch_counters() {
  if (current != nullptr) finish_block();
  current = nullptr;
  return std::exchange(kernels, {});
}

void count_launch() {
  if (current != nullptr) finish_block();
  current = &kernels[name_of(machine.launch->kernel)];
  ++current->launches;
}

void count_block() { finish_block(); }

void count_barrier() {
  finish_block();
  current->barriers += (machine.threads + kLanes - 1) / kLanes;
}

void count_access(const void* p, size_t bytes, Access access, Place place) {
  auto address = reinterpret_cast<uintptr_t>(p);
  const Memory memory = memory_of(address);
  if (memory == Memory::none) return;
  std::vector<Event>& mine = events[machine.current->rank];
  while (bytes > 0) {
    const auto part = static_cast<uint32_t>(std::min<size_t>(bytes, kMostBytes));
    mine.push_back({place, address, part, access, memory, false});
    address += part;
    bytes -= part;
  }
}

void count_copy() { events[machine.current->rank].back().copy = true; }

void note_warp_operation(const char* name, uint32_t warp, uint32_t present) {
  if (!on) return;
  const Warp& w = machine.warps[warp];
  if (present == (w.exists & ~w.exited)) finish_warp(warp);
  const std::string_view operation = name;
  if (operation.starts_with("mma")) ++current->mma;
  if (operation.starts_with("ldmatrix")) ++current->ldmatrix;
}

}  // namespace pg::simt
