// philox.h: counter-based random numbers (Philox4x32-10), the same bits on every device.
//
// A stream is named by (seed, stream); position i of it is block i / 4, word i % 4. Nothing is ever
// kept between calls but the position, so a resumed run needs only counters.
// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define PG_HOST_DEVICE __host__ __device__
#else
#define PG_HOST_DEVICE
#endif

namespace pg {

struct PhiloxBlock {
  uint32_t word[4];
};

// Ten rounds of Philox4x32 over (counter, stream) with the key `seed`.
PG_HOST_DEVICE inline PhiloxBlock philox(uint64_t seed, uint64_t stream, uint64_t counter) {
  uint32_t c0 = static_cast<uint32_t>(counter), c1 = static_cast<uint32_t>(counter >> 32);
  uint32_t c2 = static_cast<uint32_t>(stream), c3 = static_cast<uint32_t>(stream >> 32);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0, p1 = uint64_t{0xCD9E8D57u} * c2;
    const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const uint32_t n2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// Number of counter values that `count` numbers use up.
PG_HOST_DEVICE constexpr uint64_t philox_blocks(int64_t count) {
  return (static_cast<uint64_t>(count) + 3) / 4;
}

// Uniform in [0, 1): the upper 24 bits, exact in f32.
PG_HOST_DEVICE inline float philox_unit(uint32_t word) {
  return static_cast<float>(word >> 8) * 0x1.0p-24f;
}

}  // namespace pg
