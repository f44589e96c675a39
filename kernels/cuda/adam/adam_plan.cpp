// adam_plan.cpp: divides the flat buffers into filters with copies and the rest.
#include "kernels/cuda/adam/adam_plan.h"
#include "kernels/math.h"

#include <span>

namespace pg::cuda {
namespace {

class Planner {
 public:
  void add_flat(int64_t first, int64_t count) {
    if (count == 0) return;
    make_room(0);
    add({.first = first, .count = count}, ceil_div(count, AdamPlan::kFlatTile));
  }

  // All copies of one filter.
  void add_filter(int64_t first, std::span<const PackedFilters::InUse> copies) {
    make_room(copies.size());
    const Shape& w = copies.front().shape;
    add({.first = first,
         .count = w.numel(),
         .k = static_cast<int>(w.n),
         .c = static_cast<int>(w.c),
         .copies = static_cast<int>(copies.size())},
        ceil_div(w.n, kFilterTile) * ceil_div(w.c, kFilterTile));
    for (const PackedFilters::InUse& c : copies) plan().copy[plan().copies++] = c.copy;
  }

  std::vector<AdamPlan> take() { return std::move(plans_); }

 private:
  AdamPlan& plan() { return plans_.back(); }

  void make_room(size_t copies) {
    const auto wanted = static_cast<int>(copies);
    PG_ASSERT(wanted <= AdamPlan::kMostCopies);
    if (plans_.empty() || plan().parts == AdamPlan::kMostParts ||
        plan().copies + wanted > AdamPlan::kMostCopies) {
      plans_.push_back({});
    }
  }

  void add(AdamPart part, int64_t tiles) {
    constexpr int64_t kMost = (int64_t{1} << 31) - 1;
    PG_ASSERT(plan().tiles + tiles <= kMost);
    part.first_tile = plan().tiles;
    part.first_copy = plan().copies;
    plan().part[plan().parts++] = part;
    plan().tiles += static_cast<int>(tiles);
  }

  std::vector<AdamPlan> plans_;
};

}  // namespace

std::vector<AdamPlan> adam_plans(const float* w, int64_t count,
                                 const std::vector<PackedFilters::InUse>& copies) {
  Planner planner;
  int64_t next = 0;
  for (size_t i = 0, end = 0; i < copies.size(); i = end) {
    while (end < copies.size() && copies[end].w == copies[i].w) ++end;
    const int64_t first = copies[i].w - w;
    PG_ASSERT(first >= next && first + copies[i].shape.numel() <= count);
    planner.add_flat(next, first - next);
    planner.add_filter(first, std::span(copies).subspan(i, end - i));
    next = first + copies[i].shape.numel();
  }
  planner.add_flat(next, count - next);
  return planner.take();
}

}  // namespace pg::cuda
