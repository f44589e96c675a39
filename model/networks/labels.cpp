// labels.cpp: one-hot rows.
#include "model/networks/labels.h"

#include "engine/ops/ops.h"

namespace pg {

std::vector<double> one_hot_rows(std::span<const int32_t> labels, int64_t classes) {
  std::vector<double> values(labels.size() * static_cast<size_t>(classes), 0.0);
  for (size_t i = 0; i < labels.size(); ++i) {
    PG_CHECK(labels[i] >= 0 && labels[i] < classes, UsageError, "unknown class ", labels[i],
             ": expected 0 to ", classes - 1);
    values[i * static_cast<size_t>(classes) + static_cast<size_t>(labels[i])] = 1.0;
  }
  return values;
}

Tensor one_hot(Context& context, std::span<const int32_t> labels, int64_t classes) {
  const Tensor rows(context, {static_cast<int64_t>(labels.size()), 1, 1, classes}, DType::f32);
  from_host(rows, one_hot_rows(labels, classes));
  return rows;
}

Tensor append_labels(const Tensor& x, const Tensor& labels) {
  const int64_t c = x.shape().c, k = labels.shape().c;
  return ops::add(ops::place_channels(x, 0, c + k), ops::place_channels(labels, c, c + k));
}

}  // namespace pg
