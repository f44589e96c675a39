// adam_plan.h: the elements that each tile of Adam's launch updates, and the packed filters it
// writes.
//
// Filters with packed copies in use are divided into tiles with all their taps, so one block has
// every tap that a folded copy sums. All other elements are flat. The plan is a kernel argument: a
// captured graph keeps it by value, and nothing is uploaded.
#pragma once

#include <vector>

#include "kernels/cuda/conv/filters/packed_filters.h"

namespace pg::cuda {

// Elements first .. first + count - 1 of the flat buffers: a filter [k, 3, 3, c], or flat (k = 0).
struct AdamPart {
  int64_t first = 0, count = 0;
  int k = 0, c = 0;
  int first_tile = 0;  // of the launch
  int first_copy = 0, copies = 0;
};

// One launch: consecutive parts without gaps.
struct AdamPlan {
  static constexpr int kMostParts = 56, kMostCopies = 72;  // a 1024x1024 network has 35 and 34
  static constexpr int kFlatTile = 1024;                   // elements

  AdamPart part[kMostParts];
  PackedCopy copy[kMostCopies];
  int parts, copies, tiles;
};

// Plans that together update each of the `count` elements from `w` on once, and write each of
// `copies` (PackedFilters::in_use of that range). One plan, unless the filters do not fit into one.
std::vector<AdamPlan> adam_plans(const float* w, int64_t count,
                                 const std::vector<PackedFilters::InUse>& copies);

}  // namespace pg::cuda
