// shuffle.h: the order of training images as a pure function of (seed, position).
//
// Position p counts the images drawn since the start of a run. Epoch p / count has its own
// permutation, a keyed bijection computed for one index at a time: nothing is stored, so a resumed
// run needs only p, and a set of any size needs no memory.
#pragma once

#include <cstdint>

namespace pg {

// Image drawn at position p of a set of `count` >= 1: each of 0..count - 1 exactly once per epoch.
int64_t shuffled_index(uint64_t seed, int64_t count, uint64_t position);

// A fair coin for position p: whether that image is mirrored.
uint8_t mirror_coin(uint64_t seed, uint64_t position);

}  // namespace pg
