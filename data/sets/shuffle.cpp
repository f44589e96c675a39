// shuffle.cpp: a Feistel network over the next power of four, with cycle walking.
#include "data/sets/shuffle.h"

#include <algorithm>
#include <bit>

#include "kernels/error.h"
#include "kernels/philox.h"

namespace pg {
namespace {

// Philox streams of this file; the low 48 bits are free for the epoch.
constexpr uint64_t kOrderStream = uint64_t{0xDA7A} << 48;
constexpr uint64_t kMirrorStream = uint64_t{0xDA7B} << 48;
constexpr uint64_t kRounds = 6;
constexpr int kMinHalfBits = 3;  // networks over fewer values mix poorly

}  // namespace

int64_t shuffled_index(uint64_t seed, int64_t count, uint64_t position) {
  PG_ASSERT(count >= 1);
  const auto n = static_cast<uint64_t>(count);
  const uint64_t epoch = position / n;
  const int half_bits = std::max(kMinHalfBits, (static_cast<int>(std::bit_width(n - 1)) + 1) / 2);
  const uint64_t mask = (uint64_t{1} << half_bits) - 1;
  uint64_t value = position % n;
  // Values outside the set are permuted again: this ends, since a bijection has only cycles, and
  // the result is a bijection of the set.
  do {
    uint64_t left = value >> half_bits, right = value & mask;
    for (uint64_t round = 0; round < kRounds; ++round) {
      const PhiloxBlock block = philox(seed, kOrderStream | epoch, round << 32 | right);
      const uint64_t mixed = left ^ (block.word[0] & mask);
      left = right;
      right = mixed;
    }
    value = left << half_bits | right;
  } while (value >= n);
  return static_cast<int64_t>(value);
}

uint8_t mirror_coin(uint64_t seed, uint64_t position) {
  return static_cast<uint8_t>(philox(seed, kMirrorStream, position / 4).word[position % 4] >> 31);
}

}  // namespace pg
