// trials.h: copies of a call for timing, which meet memory as in training.
#pragma once

#include <concepts>
#include <vector>

#include "kernels/conv.h"
#include "kernels/cuda/device/device_memory.h"
#include "kernels/cuda/device/queue.h"
#include "kernels/matmul.h"

namespace pg::cuda {

// The calls that have candidates besides their launcher: conv2d, its two gradients, and matmul.
template <typename Args>
concept HasCandidates = std::same_as<Args, Conv2dArgs> || std::same_as<Args, Conv2dInputGradArgs> ||
    std::same_as<Args, Conv2dWeightGradArgs> || std::same_as<Args, MatmulArgs>;

inline constexpr int kMostTrials = 8;

// Copies of a call that can be run in turn, any number of times: those of a call that may add to
// its results overwrite results of their own. The copies have operands and results at addresses of
// their own in `memory` (all but the first, which reads the operands of the call), and are as many,
// up to kMostTrials, as exceed `cache_bytes` twice: none then finds its operands in a cache of that
// size, as in training, where other layers come in between. Filters are not copied, since one
// transformed copy of a filter serves a whole iteration. Operands are copied on the queue.
template <HasCandidates Args>
std::vector<Args> trials(Queue& queue, DeviceMemory& memory, const Args& call, int64_t cache_bytes);

}  // namespace pg::cuda
