// counting.h: counters of launches in place of the race checker.
//
// The compiler reports each access of each thread with its place in the code. The k-th access at a
// place, between two points where the whole warp meets, is one instruction of the warp. That is so
// if the lanes run in step; lanes whose turns at a place are shifted against each other by
// divergent branches count as fewer instructions than a device would issue.
#pragma once

#include "tests/hardware/launch_counters.h"
#include "tests/simt/race/shadow.h"

namespace pg::simt {

// Off at first. While it is on, accesses are counted and not checked.
void set_counting(bool on);
bool counting();

// All launches since the last call, or since counting began.
hardware::CountedKernels take_launch_counters();

// From the checker's entry points, while counting.
void count_launch();
void count_block();    // a block starts
void count_barrier();  // all threads of the block have met
void count_access(const void* p, size_t bytes, Access access, Place place);
void count_copy();  // the last access was the write of a cp.async

}  // namespace pg::simt
