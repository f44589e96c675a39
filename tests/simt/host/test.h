// test.h: controls and counters of the emulated device, for tests.
#pragma once

#include <cstdint>

namespace pg::simt {

// at_once: work runs when it is queued. late: when something waits for it, with streams interleaved
// at random, which exposes missing events.
enum class StreamOrder { at_once, late };
void set_stream_order(StreamOrder order);

// A kernel fault is sticky, as on a device, which would need a new process; this clears it.
void reset_device_errors();

// Kernels queued or captured by this process, without replays of graphs.
int64_t launches();

}  // namespace pg::simt
