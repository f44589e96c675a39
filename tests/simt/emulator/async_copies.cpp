// async_copies.cpp: cp.async. Bytes are read at once and arrive at the wait, the latest moment that
// the hardware allows; until then the destination holds NaN.
#include <cstring>

#include "tests/simt/emulator/machine.h"
#include "tests/simt/emulator/race.h"

namespace pg::simt {
namespace {

void land(CopyGroup& group) {
  for (const PendingCopy& copy : group) {
    std::memcpy(copy.to, copy.data.data(), copy.data.size());
    race_copy_ends(copy.to, copy.data.size());
  }
  group.clear();
}

}  // namespace

void cp_async(void* to, const void* from, int valid, const Loc& loc) {
  const EmulatorScope scope;
  PendingCopy copy{.to = static_cast<char*>(to), .data = {}};
  const size_t size = copy.data.size(), taken = static_cast<size_t>(valid);
  if (taken > size) fail_at(loc, text("cp.async of 16 bytes, %d of them valid", valid));
  const auto source = reinterpret_cast<uintptr_t>(valid > 0 ? from : to);
  if ((reinterpret_cast<uintptr_t>(to) | source) % size != 0) {
    fail_at(loc, text("cp.async of 16 bytes: misaligned address"));
  }
  note_access(from, taken, Access::read, loc);
  if (taken > 0) std::memcpy(copy.data.data(), from, taken);
  note_access(to, size, Access::write, loc);
  race_copy_begins(to, size);
  std::memset(to, 0xFF, size);
  machine.current->open_copies.push_back(copy);
}

void cp_async_commit() {
  const EmulatorScope scope;
  Lane& me = *machine.current;
  me.committed_copies.push_back(std::move(me.open_copies));
  me.open_copies.clear();
}

void cp_async_wait(int pending) {
  const EmulatorScope scope;
  auto& groups = machine.current->committed_copies;
  while (groups.size() > static_cast<size_t>(pending)) {
    land(groups.front());
    groups.pop_front();
  }
}

void land_all_copies(Lane& lane) {
  for (CopyGroup& group : lane.committed_copies) land(group);
  lane.committed_copies.clear();
  land(lane.open_copies);
}

}  // namespace pg::simt
