// grid.h: running one launch.
#pragma once

#include <memory>
#include <string>

#include "tests/hardware/tensor_core_sum.h"
#include "tests/simt/emulator/core.h"

namespace pg::simt {

struct Launch {
  dim3 grid, block;
  size_t smem = 0;                           // dynamic shared memory, bytes
  bool overlaps = false;                     // starts before the kernel ahead of it has ended
  const void* kernel = nullptr;              // its address, as its identity
  void (*call)(const void* body) = nullptr;  // runs one thread
  std::shared_ptr<const void> body;          // kernel and arguments
};

// Runs all blocks. False: a thread broke a rule; last_fault() describes it, and the rest did not
// run.
bool run_grid(const Launch& launch);
const std::string& last_fault();
void clear_fault();

// The order of threads and blocks. 0: by index; 1: reversed; others: random at every switch.
void set_seed(uint64_t seed);

// How mma sums; rounded at first.
using hardware::TensorCore;
void set_tensor_core(TensorCore core);

// A choice below `count` for the host side, such as the stream to run next.
size_t random_choice(size_t count);
void seed_choices(uint64_t seed);

}  // namespace pg::simt
