// report.cpp: texts of faults, and the exit from a faulting kernel.
#include "tests/simt/emulator/report.h"

#include <algorithm>
#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/simt/emulator/machine.h"

namespace pg::simt {
namespace {

// Switches from the kernel to run_grid() and never returns.
[[noreturn]] void leave_kernel() {
  in_emulator = true;
  machine.failed = true;
  Lane& self = *machine.current;
  machine.current = nullptr;
  switch_fibers(self.fiber, machine.host);
  std::abort();  // a faulting thread is never resumed
}

bool wait_alike(const Lane& a, const Lane& b) {
  if (a.state != b.state) return false;
  if (a.state == LaneState::exited) return true;
  return std::strcmp(a.operation.name, b.operation.name) == 0 && a.loc.line() == b.loc.line() &&
         a.operation.mask == b.operation.mask &&
         (a.state != LaneState::in_warp_operation || a.warp == b.warp);
}

Text describe_wait(const Lane& first, int threads) {
  if (first.state == LaneState::exited) {
    return text("  %d thread(s) exited, first %s\n", threads, name_of(first).chars);
  }
  if (first.state == LaneState::in_warp_operation) {
    const Warp& warp = machine.warps[first.warp];
    const uint32_t mask = first.operation.mask;
    const uint32_t missing = mask & warp.exists & ~warp.exited & ~warp.waiting;
    return text("  %d thread(s) of warp %u wait in %s (mask %08x, lanes missing %08x) at %s\n",
                threads, first.warp, first.operation.name, mask, missing, place(first.loc).chars);
  }
  return text("  %d thread(s) wait in %s at %s, first %s\n", threads, first.operation.name,
              place(first.loc).chars, name_of(first).chars);
}

}  // namespace

Text text(const char* format, ...) {
  Text result;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(result.chars, sizeof result.chars, format, arguments);
  va_end(arguments);
  return result;
}

Text place(const Loc& loc) {
  const char* const slash = std::strrchr(loc.file_name(), '/');
  return text("%s:%u", slash != nullptr ? slash + 1 : loc.file_name(),
              static_cast<unsigned>(loc.line()));
}

Text name_of(const Lane& lane) {
  return text("thread (%u,%u,%u) [warp %u lane %u]", lane.index.x, lane.index.y, lane.index.z,
              lane.warp, lane.lane);
}

Text block_name() { return text("block (%u,%u,%u)", blockIdx.x, blockIdx.y, blockIdx.z); }

Text running_thread() {
  if (machine.current == nullptr) return text("host");
  return text("%s of %s", name_of(*machine.current).chars, block_name().chars);
}

void fail(const Text& what) {
  if (machine.current == nullptr) {
    std::fprintf(stderr, "simt: %s\n", what.chars);
    std::abort();
  }
  machine.fault = what.chars;
  leave_kernel();
}

void fail_at(const Loc& loc, const Text& what) {
  fail(text("%s: %s (%s)", place(loc).chars, what.chars, running_thread().chars));
}

// Threads waiting in the same operation share a line.
void report_deadlock() {
  machine.fault = text("deadlock in %s: no thread can run\n", block_name().chars).chars;
  static std::array<bool, kMaxThreads> told;
  told.fill(false);
  for (uint32_t i = 0; i < machine.threads; ++i) {
    if (told[i]) continue;
    int alike = 0;
    for (uint32_t j = i; j < machine.threads; ++j) {
      if (!wait_alike(machine.lanes[i], machine.lanes[j])) continue;
      told[j] = true;
      ++alike;
    }
    machine.fault += describe_wait(machine.lanes[i], alike).chars;
  }
  leave_kernel();
}

const std::string& last_fault() { return machine.fault; }
void clear_fault() { machine.fault.clear(); }

}  // namespace pg::simt
