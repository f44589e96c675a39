// counting.h: counters of launches: the addresses of a warp's lanes are at hand at every access.
#pragma once

#include "tests/hardware/launch_counters.h"
#include "tests/ptx/interpreter/access.h"

namespace pg::ptx {

// Of the running launch; null, as at first: nothing is counted.
hardware::LaunchCounters*& counters();

// A load or store of `size` bytes by the lanes of the mask; generic addresses in global or shared
// memory count as that.
enum class Transfer : uint8_t { load, store };
void count_access(Warp& w, const Instr& i, uint32_t mask, Space space, Transfer transfer,
                  uint32_t size);

template <Space kSpace>
inline void maybe_count(Warp& w, const Instr& i, uint32_t mask, Transfer transfer, uint32_t size) {
  if constexpr (kSpace == generic || kSpace == global || kSpace == shared) {
    if (counters() != nullptr) count_access(w, i, mask, kSpace, transfer, size);
  }
}

}  // namespace pg::ptx
