// micro_batch_rows.cpp: the rows of a tensor that belong to a part of a minibatch, the only code of
// micro-batches that needs a device.
#include "engine/ops/ops.h"
#include "model/config/micro_batch.h"

namespace pg {

// In strided order image i is in group i % all_groups, so the groups first .. first + groups - 1
// are pieces of `groups` rows, all_groups apart; image j of the part is in the part's group j %
// groups.
Tensor MicroBatch::of(const Tensor& x) const {
  if (!x || groups == all_groups) return x;
  const Shape& s = x.shape();
  PG_ASSERT(s.n == minibatch());
  const int64_t row = s.numel() / s.n;
  const Shape part{images(), s.h, s.w, s.c};
  if (group == 1 || order == GroupOrder::contiguous) return x.alias(part, first * group * row);
  const Tensor y(x.context(), part, x.dtype());
  const Shape piece{groups, s.h, s.w, s.c};
  for (int64_t i = 0; i < group; ++i) {
    ops::copy_into(y.alias(piece, i * groups * row),
                   x.alias(piece, (i * all_groups + first) * row));
  }
  return y;
}

}  // namespace pg
