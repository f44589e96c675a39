// counting.cpp: requests of global and shared memory.
#include "tests/ptx/interpreter/counting.h"

namespace pg::ptx {

hardware::LaunchCounters*& counters() {
  static hardware::LaunchCounters* current = nullptr;
  return current;
}

void count_access(Warp& w, const Instr& i, uint32_t mask, Space space, Transfer transfer,
                  uint32_t size) {
  hardware::WarpRequest to_global{.lanes = 0, .bytes = size, .address = {}}, to_shared = to_global;
  for (uint32_t left = mask; left != 0; left &= left - 1) {
    const auto lane = static_cast<uint32_t>(std::countr_zero(left));
    const uint64_t address = address_of(w, i, static_cast<int>(lane));
    if (space == shared || (space == generic && address - kSharedWindow < kWindowBytes)) {
      to_shared.add(lane, address);
    } else if (space == global || address - kLocalWindow >= kWindowBytes) {
      to_global.add(lane, address);
    }
  }
  hardware::LaunchCounters& c = *counters();
  (transfer == Transfer::load ? c.loads : c.stores).add(to_global);
  (transfer == Transfer::load ? c.shared_loads : c.shared_stores).add(to_shared);
}

}  // namespace pg::ptx
