// weights.cpp: views of parameters by index, and the dtype of activations.
#include "model/networks/weights.h"

#include "engine/ops/ops.h"
#include "model/config/numerics.h"

namespace pg {

Weights::Weights(const ParameterStore& store, int64_t resolution)
    : tensors_(store.views(store.flat(), resolution)) {
  for (size_t i = 0; i < tensors_.size(); ++i) scales_.push_back(store.scale(i));
}

Weights::Weights(const ParameterStore& store, int64_t resolution, Tape& tape)
    : Weights(store, resolution) {
  for (Tensor& t : tensors_) t = tape.watch(t);
}

const Tensor& Weights::operator[](size_t index) const {
  PG_ASSERT(index < tensors_.size());
  return tensors_[index];
}

double Weights::scale(size_t index) const {
  PG_ASSERT(index < scales_.size());
  return scales_[index];
}

LayerWeights layer_weights(const Weights& weights, const LayerInfo& layer) {
  const size_t w = layer.weight, b = w + 1;
  const double bias_scale = weights.scale(b);
  return {.w = weights[w],
          .b = bias_scale == 1.0 ? weights[b] : ops::affine(weights[b], bias_scale, 0.0),
          .scale = weights.scale(w)};
}

DType activation_dtype(Precision precision) { return numerics_of(precision).activations; }

Tensor stored_as(const Tensor& x, DType dtype) {
  return x.dtype() == dtype ? x : ops::convert(x, dtype);
}

}  // namespace pg
