// test.h: controls and counters of the emulated device, for tests.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace pg::simt {

// at_once: work runs when it is queued. late: when something waits for it, with streams interleaved
// at random, which exposes missing events.
enum class StreamOrder { at_once, late };
void set_stream_order(StreamOrder order);

// A kernel fault is sticky, as on a device, which would need a new process; this clears it.
void reset_device_errors();

// Kernels queued or captured by this process, without replays of graphs; those of them that may
// start before the kernel ahead has ended.
int64_t launches();
int64_t overlapping_launches();

// The names of all kernels that were queued or captured, as demangled(), and how often.
std::set<std::string> launched_kernels();
std::map<std::string, int64_t> launch_counts();

// Copies within the device, and fills by the runtime, that were queued or captured.
int64_t copies();

// Calls that waited for a stream or the device: synchronizations, copies that block, releases of
// memory, and waits for an event that had not been reached.
int64_t waits();

// Runtime calls so far, except those that only read errors; the name of the last one.
int64_t calls();
std::string last_call();

// The call with this number fails without doing its work (releases do it), but no other.
void fail_call(int64_t number);

// Plants a fault as PROGAN_SIMT_FAULT does (planted.h), or none if the text is empty. Ends the
// process if it is no fault.
void plant_fault(const std::string& text);

// While one exists, kernels and copies are counted and not run, and memory is allocated and not
// filled, so iterations of any size take no time. Downloads give zeros.
class DryRun {
 public:
  DryRun();
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;
};

// Allocations, streams, events and graphs that were made and not destroyed.
int64_t objects();

}  // namespace pg::simt
