// micro_batch.h: the parts of a minibatch that are computed one after the other if the whole does
// not fit into memory.
//
// A part has whole groups of minibatch stddev, the same groups as in the whole minibatch: the
// gradients of the parts add up to those of the whole.
#pragma once

#include <vector>

#include "engine/tensor.h"
#include "model/config/config.h"

namespace pg {

// Images per group of minibatch stddev in a minibatch of n (paper, section 3): 1 without minibatch
// stddev, n if the whole minibatch is one group.
int64_t stddev_group(const ModelConfig& config, int64_t n);

// Images of a minibatch of n computed at a time at this resolution: schedule.micro_batch rounded
// down to whole groups, at least one group, at most n.
int64_t micro_batch_at(const Config& config, int64_t resolution, int64_t n);

// Whole groups of a minibatch: `groups` of `all_groups`, starting at `first`, of `group` images
// each.
struct MicroBatch {
  int64_t first = 0, groups = 1, all_groups = 1, group = 1;
  GroupOrder order = GroupOrder::strided;

  int64_t images() const { return groups * group; }
  int64_t minibatch() const { return all_groups * group; }
  // The rows of x [N, ...] in this part, ordered so that they form the same groups: x itself, or a
  // view if they are contiguous; not on the tape.
  Tensor of(const Tensor& x) const;
};

// A minibatch of n in parts of micro_batch_at() images; the last one may be smaller.
std::vector<MicroBatch> micro_batches(const Config& config, int64_t resolution, int64_t n);

// Throws UsageError if schedule.micro_batch is smaller than a group.
void validate_micro_batches(const Config& config);

}  // namespace pg
