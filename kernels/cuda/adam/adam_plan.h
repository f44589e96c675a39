// adam_plan.h: what each tile of Adam's launch updates, and which copies of filters it makes anew.
//
// Filters whose forms (packed_filters.h) are in use are cut into tiles that hold whole filters, so
// that one block has all taps that a folded copy sums. All else is flat. The plan is an argument of
// the kernel: a captured graph keeps it by value, and nothing is uploaded.
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

// One launch: parts one after the other without gaps.
struct AdamPlan {
  static constexpr int kMostParts = 56, kMostCopies = 72;  // a 1024x1024 network has 35 and 34
  static constexpr int kFlatTile = 1024;                   // elements

  AdamPart part[kMostParts];
  PackedCopy copy[kMostCopies];
  int parts, copies, tiles;
};

// Plans that together take each of `count` elements from `w` on once, and make each of `forms`
// (PackedFilters::in_use of that range). One, unless there are more filters than fit.
std::vector<AdamPlan> adam_plans(const float* w, int64_t count,
                                 const std::vector<PackedFilters::InUse>& forms);

}  // namespace pg::cuda
