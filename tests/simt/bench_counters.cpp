// bench_counters.cpp: bench_kernels on the emulator prints its counters.
#include "tests/simt/race/counting.h"

namespace pg::hardware {

bool device_counts() {
  static const bool on = (simt::set_counting(true), true);
  return on;
}
CountedKernels take_counters() { return simt::take_launch_counters(); }

}  // namespace pg::hardware
