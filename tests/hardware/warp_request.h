// warp_request.h: the work that one memory instruction of a warp gives to a GPU's memory, by the
// rules of the CUDA guides: sectors of global memory, wavefronts of shared memory.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace pg::hardware {

// The addresses of the lanes of one instruction, which accesses 1, 2, 4, 8 or 16 bytes in each.
struct WarpRequest {
  uint32_t lanes = 0;  // bit l: lane l takes part
  uint32_t bytes = 0;
  std::array<uint64_t, 32> address{};

  void add(uint32_t lane, uint64_t at) {
    lanes |= 1u << lane;
    address[lane] = at;
  }
};

// Sectors (32 aligned bytes) of global memory that the request touches, and distinct bytes. A
// coalesced request of 4 bytes a lane has 4 sectors; each further one is wasted traffic.
struct Sectors {
  uint32_t count, bytes;
};
inline Sectors sectors_of(const WarpRequest& r) {
  constexpr uint32_t kBytes = 32;
  std::array<uint64_t, 64> sector{};  // an access of a lane may touch two
  std::array<uint32_t, 64> touched{};
  Sectors sum{0, 0};
  const auto touch = [&](uint64_t at, uint32_t bytes) {
    const uint64_t which = at / kBytes;
    const uint64_t mask = ((uint64_t{1} << bytes) - 1) << at % kBytes;
    uint32_t i = sum.count;
    while (i > 0 && sector[i - 1] != which) --i;
    if (i == 0) i = ++sum.count;
    sector[i - 1] = which;
    touched[i - 1] |= static_cast<uint32_t>(mask);
  };
  for (uint32_t left = r.lanes; left != 0; left &= left - 1) {
    const uint64_t at = r.address[static_cast<size_t>(std::countr_zero(left))];
    const auto here = static_cast<uint32_t>(std::min<uint64_t>(r.bytes, kBytes - at % kBytes));
    touch(at, here);
    if (here < r.bytes) touch(at + here, r.bytes - here);
  }
  for (uint32_t i = 0; i < sum.count; ++i) {
    sum.bytes += static_cast<uint32_t>(std::popcount(touched[i]));
  }
  return sum;
}

// Passes over the 32 banks of 4 bytes of shared memory. Accesses of 8 and 16 bytes are done by
// halves and quarters of a warp; in each part, every bank delivers one of its words in a wavefront,
// to any number of lanes. ideal: the parts, hence the number without bank conflicts.
struct Wavefronts {
  uint32_t count, ideal;
};
inline Wavefronts wavefronts_of(const WarpRequest& r) {
  constexpr uint32_t kBanks = 32, kWord = 4;
  const uint32_t lanes_of_part = r.bytes <= kWord ? 32 : 32 * kWord / r.bytes;
  Wavefronts sum{0, 0};
  for (uint32_t first = 0; first < 32; first += lanes_of_part) {
    std::array<uint64_t, 32> words{};
    std::array<uint32_t, kBanks> of_bank{};
    uint32_t count = 0, most = 0;
    for (uint32_t l = first; l < first + lanes_of_part; ++l) {
      if ((r.lanes >> l & 1) == 0) continue;
      for (uint64_t w = r.address[l] / kWord; w * kWord < r.address[l] + r.bytes; ++w) {
        if (std::find(words.begin(), words.begin() + count, w) != words.begin() + count) continue;
        words[count++] = w;
        most = std::max(most, ++of_bank[w % kBanks]);
      }
    }
    sum.count += most;
    sum.ideal += most > 0 ? 1 : 0;
  }
  return sum;
}

}  // namespace pg::hardware
