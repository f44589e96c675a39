// labels.h: classes as inputs of the networks.
#pragma once

#include <span>
#include <vector>

#include "engine/tensor.h"

namespace pg {

// Rows of `classes` numbers, 1 at the label and 0 elsewhere. Throws UsageError for a label that is
// not in 0 .. classes - 1.
std::vector<double> one_hot_rows(std::span<const int32_t> labels, int64_t classes);
// The same as a tensor, f32 [N, 1, 1, classes].
Tensor one_hot(Context& context, std::span<const int32_t> labels, int64_t classes);

// Labels [N, 1, 1, K] after the channels of x [N, 1, 1, C]: [N, 1, 1, C + K].
Tensor append_labels(const Tensor& x, const Tensor& labels);

}  // namespace pg
