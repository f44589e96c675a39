// weights.h: the parameters of a network as one forward pass sees them.
#pragma once

#include <vector>

#include "engine/parameters.h"
#include "engine/tape.h"
#include "model/networks/layers.h"

namespace pg {

// Views of the parameters that a store uses at one resolution: constants, or leaves of a tape.
class Weights {
 public:
  Weights(const ParameterStore& store, int64_t resolution);
  Weights(const ParameterStore& store, int64_t resolution, Tape& tape);

  // By index among the network's parameters (LayerInfo::weight).
  const Tensor& operator[](size_t index) const;
  // ParameterStore::scale of a parameter.
  double scale(size_t index) const;
  // In the order of ParameterStore::views.
  const std::vector<Tensor>& all() const { return tensors_; }

 private:
  std::vector<Tensor> tensors_;
  std::vector<double> scales_;
};

// Weight, bias (times the layer's constant if model.scale_bias) and constant of a layer.
struct LayerWeights {
  Tensor w, b;
  double scale = 1.0;
};
LayerWeights layer_weights(const Weights& weights, const LayerInfo& layer);

// The dtype of activations in a resolved precision: bf16 in bf16, else f32. Images, latents, dense
// layers, minibatch statistics and scores have the dtype of the parameters in any precision.
DType activation_dtype(Precision precision);

// x itself if it has this dtype.
Tensor stored_as(const Tensor& x, DType dtype);

}  // namespace pg
