// bench_counters.cpp: bench_kernels on the interpreter prints its counters.
#include <utility>

#include "tests/ptx/runtime/state.h"

namespace pg::hardware {

bool device_counts() { return ptx::state().counts = true; }
CountedKernels take_counters() { return std::exchange(ptx::state().counted, {}); }

}  // namespace pg::hardware
