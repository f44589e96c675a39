// no_counters.cpp: the counters of devices that do not count, which are all real ones. A program
// with an emulated device defines these functions itself, and the linker does not take this file.
#include "tests/hardware/launch_counters.h"

namespace pg::hardware {

bool device_counts() { return false; }
CountedKernels take_counters() { return {}; }

}  // namespace pg::hardware
