// test.h: what a test may do to the emulated device, and ask it.
#pragma once

#include <cstdint>

namespace pg::simt {

// at_once: work runs when it is queued. late: when somebody waits for it, streams interleaved at
// random, which shows a missing event.
enum class StreamOrder { at_once, late };
void set_stream_order(StreamOrder order);

// A kernel fault is sticky, as on a device; this is the new process that a device would need.
void reset_device_errors();

// Kernels queued by this process, or captured; replays of graphs do not count.
int64_t launches();

}  // namespace pg::simt
