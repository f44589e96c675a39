// grid.cpp: runs the blocks of a launch, each with its threads as fibers.
#include "tests/simt/emulator/grid.h"

#include <sys/mman.h>

#include <new>
#include <numeric>

#include "tests/simt/emulator/asan.h"
#include "tests/simt/emulator/machine.h"
#include "tests/simt/emulator/race.h"
#include "tests/simt/emulator/shared_variables.h"

namespace pg::simt {
namespace {

// Dynamic shared memory, followed by a margin that an index out of bounds should still hit.
constexpr size_t kSmemMapped = kMaxSmem + (64 << 10);

// The main function of every fiber; fibers are reused for the next block.
void lane_main() {
  fiber_entered();
  for (;;) {
    Lane& me = *machine.current;
    in_emulator = false;
    machine.launch->call(machine.launch->body.get());
    in_emulator = true;
    thread_exits(me);
    run_next();
  }
}

void make_lanes(uint32_t threads) {
  if (machine.smem == nullptr) {
    machine.host = fiber_of_caller();
    machine.lanes.reserve(kMaxThreads);
    void* const memory =
        mmap(nullptr, kSmemMapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    machine.smem = static_cast<char*>(memory);
  }
  while (machine.lanes.size() < threads) {
    machine.lanes.emplace_back();
    machine.lanes.back().fiber = make_fiber();
  }
}

void poison_shared_memory() {
  const size_t bytes = machine.launch->smem;
  poison_shared_variables();
  allow_access(machine.smem, bytes);
  std::memset(machine.smem, 0xFF, bytes);
  forbid_access(machine.smem + bytes, kSmemMapped - bytes);
}

void place_lane(uint32_t rank) {
  const dim3& block = machine.launch->block;
  Lane& lane = machine.lanes[rank];
  lane.rank = rank;
  lane.warp = rank / kLanes;
  lane.lane = rank % kLanes;
  lane.follows = !machine.launch->overlaps;
  lane.index = {rank % block.x, rank / block.x % block.y, rank / (block.x * block.y)};
  machine.warps[lane.warp].exists |= 1u << lane.lane;
  if (!lane.started) start_fiber(lane.fiber, lane_main);
  lane.started = true;
  make_ready(lane);
}

void abandon_lanes() {
  for (Lane& lane : machine.lanes) {
    lane.started = false;
    abandon_fiber(lane.fiber);
    lane.open_copies.clear();
    lane.committed_copies.clear();
  }
}

bool run_block() {
  const dim3& block = machine.launch->block;
  machine.threads = machine.live = block.x * block.y * block.z;
  machine.failed = false;
  machine.idle_yields = 0;
  machine.barrier = {};
  machine.warps.fill({});
  forget_ready();
  poison_shared_memory();
  race_block_begins(machine.smem, machine.launch->smem, machine.threads);
  for (uint32_t rank = 0; rank < machine.threads; ++rank) place_lane(rank);
  run_first();
  if (machine.failed) abandon_lanes();
  return !machine.failed;
}

// The order of blocks: from `start` in constant steps, modulo their number.
struct BlockOrder {
  uint64_t start = 0, step = 1;
};
BlockOrder block_order(uint64_t blocks) {
  if (machine.seed == 0 || blocks == 1) return {};
  if (machine.seed == 1) return {.start = blocks - 1, .step = blocks - 1};
  BlockOrder order{.start = machine.random.next() % blocks, .step = 0};
  do {
    order.step = 1 + machine.random.next() % (blocks - 1);
  } while (std::gcd(order.step, blocks) != 1);
  return order;
}

}  // namespace

bool run_grid(const Launch& launch) {
  make_lanes(launch.block.x * launch.block.y * launch.block.z);
  machine.launch = &launch;
  machine.random.state = machine.seed * 0x9E3779B97F4A7C15u + 88172645463325252u;
  blockDim = launch.block;
  gridDim = launch.grid;
  race_launch_begins();
  const dim3& grid = launch.grid;
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  const BlockOrder order = block_order(blocks);
  for (uint64_t k = 0, b = order.start; k < blocks; ++k, b = (b + order.step) % blocks) {
    blockIdx = {static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
                static_cast<unsigned>(b / (uint64_t{grid.x} * grid.y))};
    if (!run_block()) return false;
  }
  return true;
}

}  // namespace pg::simt
