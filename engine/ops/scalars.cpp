// scalars.cpp: sums of single numbers, for statistics.
#include "engine/ops/ops.h"

namespace pg::ops {

void add_scalars(const Tensor& sums, std::span<const Tensor> numbers) {
  AddScalarsArgs args{.count = static_cast<int64_t>(numbers.size()), .sums = sums.mutable_view()};
  PG_CHECK(args.count <= AddScalarsArgs::kMost && args.count == sums.numel(), ShapeError,
           "add_scalars: expected one number for each of ", sums.shape(), " and at most ",
           AddScalarsArgs::kMost, ", got ", args.count);
  for (size_t i = 0; i < numbers.size(); ++i) args.x[i] = numbers[i].view();
  sums.backend().add_scalars(args);
}

}  // namespace pg::ops
