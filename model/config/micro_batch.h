// micro_batch.h: which images of a minibatch are computed together, where all of them at once do
// not fit into memory.
//
// Images that share a minibatch standard deviation stay together, in groups that are those of the
// whole minibatch, so that gradients of the parts add up to those of the whole.
#pragma once

#include <vector>

#include "engine/tensor.h"
#include "model/config/config.h"

namespace pg {

// Images that share statistics in a minibatch of n (PGGAN section 3): 1 without minibatch stddev, n
// where it goes over the whole minibatch.
int64_t stddev_group(const ModelConfig& config, int64_t n);

// Most images of a minibatch of n that are computed at a time at this resolution: whole groups
// within schedule.micro_batch, at least one group, at most n.
int64_t micro_batch_at(const Config& config, int64_t resolution, int64_t n);

// Some whole groups of a minibatch: `groups` of `all_groups`, from `first` on, of `group` images.
struct MicroBatch {
  int64_t first = 0, groups = 1, all_groups = 1, group = 1;
  GroupOrder order = GroupOrder::strided;

  int64_t images() const { return groups * group; }
  int64_t minibatch() const { return all_groups * group; }
  // Rows of x [N, ...] that belong to it, in an order in which they form the same groups: x itself
  // or, where they lie in one piece, a view; not on the tape.
  Tensor of(const Tensor& x) const;
};

// A minibatch of n as parts of micro_batch_at() images, the last one perhaps smaller.
std::vector<MicroBatch> micro_batches(const Config& config, int64_t resolution, int64_t n);

// Throws UsageError where schedule.micro_batch asks for parts that groups do not allow.
void validate_micro_batches(const Config& config);

}  // namespace pg
