// weights.h: the parameters of a network as one forward pass sees them, and how layers name and
// scale them.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/parameters.h"
#include "engine/tape.h"
#include "model/config/config.h"

namespace pg {

// Views of a store's parameters in use at one resolution: constants, or leaves of a tape.
class Weights {
 public:
  Weights(const ParameterStore& store, int64_t resolution);
  Weights(const ParameterStore& store, int64_t resolution, Tape& tape);

  const Tensor& operator[](const std::string& name) const;
  // ParameterStore::scale of a parameter.
  double scale(const std::string& name) const;
  // In the order of ParameterStore::views.
  const std::vector<Tensor>& all() const { return tensors_; }

 private:
  void add(const ParameterStore& store, size_t index, Tensor tensor);
  size_t index_of(const std::string& name) const;

  std::vector<Tensor> tensors_;
  std::vector<double> scales_;
  std::unordered_map<std::string, size_t> index_;
};

// "8x8/Conv1", from which "8x8/Conv1/weight" and "8x8/Conv1/bias" follow.
std::string layer_name(int64_t resolution, const char* layer);

// He's constant (PGGAN section 4.1): gain / sqrt(fan_in), fan_in = R S C of a filter [K, R, S, C].
double he_constant(double gain, const Shape& w);

// Equalized learning rate: weights start as N(0, 1) and the constant is applied at run time. Plain
// layers have none; they start as model.plain_init says: N(0, constant^2) and bias 0, or, as
// PyTorch does it, both uniform in +-1 / sqrt(fan) with `fan` that of PyTorch's layer (default:
// fan_in).
struct LayerSpec {
  int64_t resolution;
  const char* layer;
  Shape w;
  double gain;
  int64_t bias;  // extent of the bias
  bool equalized = true;
  int64_t fan = 0;
};
void append_layer(std::vector<ParameterSpec>& specs, const ModelConfig& config, const LayerSpec& s);

// Weight, bias (times the constant where model.scale_bias) and constant of a layer.
struct LayerWeights {
  Tensor w, b;
  double scale = 1.0;
};
LayerWeights layer_weights(const Weights& weights, const std::string& layer);

// Rows of `classes` numbers, 1 at the label and 0 elsewhere: f32 [N, 1, 1, classes].
Tensor one_hot(Context& context, std::span<const int32_t> labels, int64_t classes);

// Labels [N, 1, 1, K] behind the channels of x [N, 1, 1, C]: [N, 1, 1, C + K].
Tensor append_labels(const Tensor& x, const Tensor& labels);

// Activations as train.precision stores them: bf16, or like the parameters (x itself). Images,
// latents, dense layers, minibatch statistics and scores stay like the parameters.
Tensor to_activation(const Config& config, const Tensor& x);
Tensor from_activation(const Config& config, const Tensor& x);

constexpr double kHeGain = 1.4142135623730951;  // sqrt(2), for layers followed by leaky ReLU

}  // namespace pg
