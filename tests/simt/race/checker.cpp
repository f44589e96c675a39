// checker.cpp: data races, uninitialised reads and bad addresses.
//
// Two accesses of a launch to the same byte, at least one of them a plain write, are a race unless
// they are ordered: by one thread, by a barrier between them (same block), by __syncwarp (same
// warp; a vector clock per lane) or by atomics on one address with a fence before the first
// (different blocks). Shuffles order nothing, as CUDA documents.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "tests/simt/emulator/machine.h"
#include "tests/simt/emulator/shared_variables.h"
#include "tests/simt/race/counting.h"
#include "tests/simt/race/shadow.h"

namespace pg::simt {
namespace {

struct Clock {
  uint32_t segment;
  std::array<uint32_t, kLanes> seen;  // per lane: accesses up to this segment came before
  bool fenced;
};

uint32_t block_serial = 0, launch_first = 1, epoch = 0;
std::array<Clock, kMaxThreads> clocks;
// By address of the atomic: blocks that released there, and the epoch before which their accesses
// are.
std::unordered_map<uintptr_t, std::unordered_map<uint32_t, uint32_t>> released;
// The same for blocks with accesses that the running block has acquired.
std::unordered_map<uint32_t, uint32_t> acquired;
uintptr_t parameters_begin = 0, parameters_end = 0;
Region* dynamic_smem_region = nullptr;

const char* verb(Access access) {
  if (access == Access::read) return "read";
  return access == Access::write ? "write" : "atomic access";
}

// The access being checked.
struct Now {
  uintptr_t address;
  size_t bytes;
  Access access;
  Place place;
  uint32_t thread;
};

Text describe(const Region& region, const Now& now) {
  return text("%s of %s+%zu (%zu bytes) by %s at %s", verb(now.access), region.name(),
              size_t{now.address - region.begin()}, now.bytes, running_thread().chars,
              words_of(now.place).chars);
}

Text describe(const Stamp& stamp) {
  return text("%s by thread %u%s at %s", verb(stamp.access), unsigned{stamp.thread},
              stamp.block == block_serial ? "" : " of another block", words_of(stamp.place).chars);
}

bool before_now(const Stamp& s, uint32_t thread) {
  if (s.block < launch_first) return true;
  if (s.block != block_serial) {
    const auto it = acquired.find(s.block);
    return it != acquired.end() && s.epoch < it->second;
  }
  if (s.thread == thread || s.epoch < epoch) return true;
  return s.thread / kLanes == thread / kLanes &&
         s.segment <= clocks[thread].seen[s.thread % kLanes];
}

void expect_ordered(const Stamp& earlier, const Region& region, const Now& now) {
  if (earlier.block == 0 || before_now(earlier, now.thread)) return;
  if (now.access == Access::atomic && earlier.access == Access::atomic) return;
  fail(text("data race: %s unordered with the %s", describe(region, now).chars,
            describe(earlier).chars));
}

// Shared memory of another block is different memory.
void forget_other_blocks(Cell& cell) {
  if (cell.write.block != block_serial) {
    cell.write = {};
    cell.copy_under_way = false;
  }
  if (cell.read.block != block_serial) cell.read = cell.other_read = {};
}

void check_cell(Cell& cell, const Region& region, const Now& now) {
  if (region.shared()) forget_other_blocks(cell);
  if (cell.copy_under_way) {
    fail(text("%s before a wait for the cp.async %s", describe(region, now).chars,
              describe(cell.write).chars));
  }
  if (now.access != Access::write && !cell.host_wrote && cell.write.block == 0) {
    fail(text("uninitialised %s", describe(region, now).chars));
  }
  expect_ordered(cell.write, region, now);
  const Stamp stamp{.block = block_serial,
                    .epoch = epoch,
                    .segment = clocks[now.thread].segment,
                    .thread = static_cast<uint16_t>(now.thread),
                    .access = now.access,
                    .place = now.place};
  if (now.access == Access::read) {
    const bool first = cell.read.block != block_serial || cell.read.epoch != epoch ||
                       cell.read.thread == stamp.thread;
    (first ? cell.read : cell.other_read) = stamp;
  } else {
    expect_ordered(cell.read, region, now);
    expect_ordered(cell.other_read, region, now);
    cell.write = stamp;
  }
}

bool within(uintptr_t address, uintptr_t begin, uintptr_t end) {
  return address >= begin && address < end;
}

void check(const Now& now) {
  // The thread's own stack, then constants, thread indices and the launch's parameters.
  const Fiber& fiber = machine.current->fiber;
  const auto stack = reinterpret_cast<uintptr_t>(fiber.stack);
  if (within(now.address, stack, stack + fiber.bytes)) return;
  Region* const region = find_region(now.address);
  if (region == nullptr) {
    if (within(now.address, parameters_begin, parameters_end) || in_program(now.address)) return;
    fail(text("invalid %s of %zu bytes by %s at %s: not device memory, or out of bounds",
              verb(now.access), now.bytes, running_thread().chars, words_of(now.place).chars));
  }
  if (!region->shared() && !machine.current->follows) {
    fail(text("%s before follow_earlier_kernels()", describe(*region, now).chars));
  }
  if (now.address + now.bytes > region->end()) {
    fail(text("out of bounds %s", describe(*region, now).chars));
  }
  const bool power_of_two = (now.bytes & (now.bytes - 1)) == 0;
  if (power_of_two && now.address % now.bytes != 0) {
    fail(text("misaligned %s", describe(*region, now).chars));
  }
  for (Cell& cell : region->cells(now.address, now.bytes)) check_cell(cell, *region, now);
}

void check(const void* p, size_t bytes, Access access, Place place) {
  if (counting()) return count_access(p, bytes, access, place);
  check({.address = reinterpret_cast<uintptr_t>(p),
         .bytes = bytes,
         .access = access,
         .place = place,
         .thread = machine.current->rank});
}

}  // namespace

// Called for every load and store of a kernel file (race/hooks.cpp).
void check_instrumented_access(const void* p, size_t bytes, Access access,
                               const void* return_address) {
  if (in_emulator) return;
  in_emulator = true;
  check(p, bytes, access, place_of(return_address));
  in_emulator = false;
}

void note_access(const void* p, size_t bytes, Access access, const Loc& loc) {
  const EmulatorScope scope;
  if (bytes > 0 && machine.current != nullptr) check(p, bytes, access, place_of(loc));
}

void note_atomic(const void* p, size_t bytes, const Loc& loc) {
  if (machine.current == nullptr) return;
  const EmulatorScope scope;
  check(p, bytes, Access::atomic, place_of(loc));
  if (counting()) return;
  auto& here = released[reinterpret_cast<uintptr_t>(p)];
  for (const auto& [block, before] : here) {
    if (block >= launch_first && block != block_serial) {
      acquired[block] = std::max(acquired[block], before);
    }
  }
  // Includes this thread's accesses in the current epoch.
  if (clocks[machine.current->rank].fenced) here[block_serial] = epoch + 1;
}

void note_fence() {
  const EmulatorScope scope;
  if (machine.current != nullptr) clocks[machine.current->rank].fenced = true;
}

void note_parameters(const void* p, size_t bytes) {
  parameters_begin = reinterpret_cast<uintptr_t>(p);
  parameters_end = parameters_begin + bytes;
}

void race_launch_begins() {
  if (counting()) count_launch();
  launch_first = block_serial + 1;
  released.clear();
}

void race_block_begins(const void* smem, size_t bytes, uint32_t threads) {
  if (dynamic_smem_region == nullptr) {
    for (const SharedVariable& v : shared_variables()) {
      add_region(v.address, v.bytes, true, "__shared__ " + v.name);
    }
    dynamic_smem_region =
        &add_region(reinterpret_cast<uintptr_t>(smem), kMaxSmem, true, "dynamic shared memory");
  }
  dynamic_smem_region->set_bytes(bytes);
  if (counting()) count_block();
  ++block_serial;
  epoch = 0;
  acquired.clear();
  for (uint32_t i = 0; i < threads; ++i) clocks[i] = {.segment = 1, .seen = {}, .fenced = false};
}

void race_barrier() {
  if (counting()) count_barrier();
  ++epoch;
}

void race_warp_barrier(uint32_t warp, uint32_t mask) {
  Clock* const lanes = &clocks[warp * kLanes];
  std::array<uint32_t, kLanes> joined{};
  for (uint32_t l = 0; l < kLanes; ++l) {
    if ((mask >> l & 1) == 0) continue;
    for (uint32_t k = 0; k < kLanes; ++k) joined[k] = std::max(joined[k], lanes[l].seen[k]);
    joined[l] = std::max(joined[l], lanes[l].segment);
  }
  for (uint32_t l = 0; l < kLanes; ++l) {
    if ((mask >> l & 1) == 0) continue;
    lanes[l].seen = joined;
    ++lanes[l].segment;
  }
}

void race_copy_begins(const void* p, size_t bytes) {
  if (counting()) return count_copy();
  const auto address = reinterpret_cast<uintptr_t>(p);
  Region* const region = find_region(address);
  if (region == nullptr) return;
  for (Cell& cell : region->cells(address, bytes)) cell.copy_under_way = true;
}

// Gives the write the current time.
void race_copy_ends(const void* p, size_t bytes) {
  if (counting()) return;
  const auto address = reinterpret_cast<uintptr_t>(p);
  Region* const region = find_region(address);
  if (region == nullptr) return;
  for (Cell& cell : region->cells(address, bytes)) {
    cell.copy_under_way = false;
    cell.write.epoch = epoch;
    cell.write.segment = clocks[machine.current->rank].segment;
  }
}

void race_allocated(const void* p, size_t bytes) {
  add_region(reinterpret_cast<uintptr_t>(p), bytes, false,
             text("device allocation of %zu bytes", bytes).chars);
}

void race_freed(const void* p) { remove_region(reinterpret_cast<uintptr_t>(p)); }

void race_host_wrote(const void* p, size_t bytes) {
  const auto address = reinterpret_cast<uintptr_t>(p);
  Region* const region = find_region(address);
  if (region == nullptr || bytes == 0) return;
  for (Cell& cell : region->cells(address, bytes)) cell.host_wrote = true;
}

}  // namespace pg::simt
