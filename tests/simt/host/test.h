// test.h: controls and counters of the emulated device, for tests.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace pg::simt {

// at_once: work runs when it is queued. late: when something waits for it, with streams interleaved
// at random, which exposes missing events.
enum class StreamOrder { at_once, late };
void set_stream_order(StreamOrder order);

// A kernel fault is sticky, as on a device, which would need a new process; this clears it.
void reset_device_errors();

// Kernels queued or captured by this process, without replays of graphs.
int64_t launches();

// The names of all kernels that were queued or captured, as demangled().
std::set<std::string> launched_kernels();

// Calls that waited for a stream or the device.
int64_t waits();

// Runtime calls so far, except those that only read errors; the name of the last one.
int64_t calls();
std::string last_call();

// The call with this number fails without doing its work (releases do it), but no other.
void fail_call(int64_t number);

// Plants a fault as PROGAN_SIMT_FAULT does (planted.h), or none if the text is empty. Ends the
// process if it is no fault.
void plant_fault(const std::string& text);

// Allocations, streams, events and graphs that were made and not destroyed.
int64_t objects();

}  // namespace pg::simt
