// weights.cpp: views by name, and the equalized-learning-rate constant.
#include "model/weights.h"

#include <cmath>

#include "engine/ops.h"

namespace pg {

Weights::Weights(const ParameterStore& store, int64_t resolution) {
  const std::vector<Tensor> views = store.views(store.flat(), resolution);
  for (size_t i = 0; i < views.size(); ++i) add(store, i, views[i]);
}

Weights::Weights(const ParameterStore& store, int64_t resolution, Tape& tape) {
  const std::vector<Tensor> views = store.views(store.flat(), resolution);
  for (size_t i = 0; i < views.size(); ++i) add(store, i, tape.watch(views[i]));
}

void Weights::add(const ParameterStore& store, size_t index, Tensor tensor) {
  index_.emplace(store.specs()[index].name, index);
  tensors_.push_back(std::move(tensor));
}

const Tensor& Weights::operator[](const std::string& name) const {
  const auto it = index_.find(name);
  PG_CHECK(it != index_.end(), Error, "this network has no parameter '", name,
           "' at this resolution");
  return tensors_[it->second];
}

std::string layer_name(int64_t resolution, const char* layer) {
  return message(resolution, "x", resolution, "/", layer);
}

double he_constant(double gain, const Shape& w) {
  return gain / std::sqrt(static_cast<double>(w.h * w.w * w.c));
}

void append_layer(std::vector<ParameterSpec>& specs, const ModelConfig& config,
                  const LayerSpec& s) {
  const std::string name = layer_name(s.resolution, s.layer);
  const double stddev = config.use_wscale ? 1.0 : he_constant(s.gain, s.w);
  specs.push_back({name + "/weight", s.w, stddev, s.resolution});
  specs.push_back({name + "/bias", {1, 1, 1, s.bias}, 0.0, s.resolution});
}

double runtime_scale(const ModelConfig& config, double gain, const Shape& w) {
  return config.use_wscale ? he_constant(gain, w) : 1.0;
}

Tensor to_activation(const Config& config, const Tensor& x) {
  return config.train.precision == Precision::bf16 ? ops::convert(x, DType::bf16) : x;
}

Tensor from_activation(const Config& config, const Tensor& x) {
  return config.train.precision == Precision::bf16 ? ops::convert(x, DType::f32) : x;
}

}  // namespace pg
