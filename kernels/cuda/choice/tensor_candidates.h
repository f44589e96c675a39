// tensor_candidates.h: every kernel on tensor cores that computes a call, by name.
#pragma once

#include <vector>

#include "kernels/backend.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// Those that support the call on this queue and are not skipped; the launcher's choice is among
// them. A candidate holds the arguments, and the queue by reference.
std::vector<Candidate> tensor_candidates(Queue& queue, const Conv2dArgs& args);
std::vector<Candidate> tensor_candidates(Queue& queue, const Conv2dInputGradArgs& args);
std::vector<Candidate> tensor_candidates(Queue& queue, const Conv2dWeightGradArgs& args);
std::vector<Candidate> tensor_candidates(Queue& queue, const MatmulArgs& args);

}  // namespace pg::cuda
