// weights.cpp: views by name, and the equalized-learning-rate constant.
#include "model/networks/weights.h"

#include <cmath>

#include "engine/ops/ops.h"

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
  scales_.push_back(store.scale(index));
}

size_t Weights::index_of(const std::string& name) const {
  const auto it = index_.find(name);
  PG_CHECK(it != index_.end(), Error, "this network has no parameter '", name,
           "' at this resolution");
  return it->second;
}

const Tensor& Weights::operator[](const std::string& name) const {
  return tensors_[index_of(name)];
}

double Weights::scale(const std::string& name) const { return scales_[index_of(name)]; }

std::string layer_name(int64_t resolution, const char* layer) {
  return message(resolution, "x", resolution, "/", layer);
}

double he_constant(double gain, const Shape& w) {
  return gain / std::sqrt(static_cast<double>(w.h * w.w * w.c));
}

void append_layer(std::vector<ParameterSpec>& specs, const ModelConfig& config,
                  const LayerSpec& s) {
  const std::string name = layer_name(s.resolution, s.layer);
  ParameterSpec w{.name = name + "/weight", .shape = s.w, .resolution = s.resolution};
  ParameterSpec b{.name = name + "/bias",
                  .shape = {1, 1, 1, s.bias},
                  .init = Init::zeros,
                  .resolution = s.resolution};
  if (s.equalized && config.use_wscale) {
    w.scale = he_constant(s.gain, s.w);
    if (config.init == WeightInit::unit_rms) w.init = Init::unit_rms;
    if (config.scale_bias) b.scale = w.scale;
  } else if (config.plain_init == PlainInit::torch) {
    w.init = b.init = Init::uniform;
    const int64_t fan = s.fan > 0 ? s.fan : s.w.h * s.w.w * s.w.c;
    w.init_scale = b.init_scale = 1.0 / std::sqrt(static_cast<double>(fan));
  } else {
    w.init_scale = he_constant(s.gain, s.w);
  }
  specs.push_back(std::move(w));
  specs.push_back(std::move(b));
}

LayerWeights layer_weights(const Weights& weights, const std::string& layer) {
  const std::string w = layer + "/weight", b = layer + "/bias";
  const double bias_scale = weights.scale(b);
  return {.w = weights[w],
          .b = bias_scale == 1.0 ? weights[b] : ops::affine(weights[b], bias_scale, 0.0),
          .scale = weights.scale(w)};
}

Tensor one_hot(Context& context, std::span<const int32_t> labels, int64_t classes) {
  const Tensor rows(context, {static_cast<int64_t>(labels.size()), 1, 1, classes}, DType::f32);
  std::vector<double> values(static_cast<size_t>(rows.numel()), 0.0);
  for (size_t i = 0; i < labels.size(); ++i) {
    PG_CHECK(labels[i] >= 0 && labels[i] < classes, UsageError, "there is no class ", labels[i],
             "; classes are 0 to ", classes - 1);
    values[i * static_cast<size_t>(classes) + static_cast<size_t>(labels[i])] = 1.0;
  }
  from_host(rows, values);
  return rows;
}

Tensor append_labels(const Tensor& x, const Tensor& labels) {
  const int64_t c = x.shape().c, k = labels.shape().c;
  return ops::add(ops::place_channels(x, 0, c + k), ops::place_channels(labels, c, c + k));
}

Tensor to_activation(const Config& config, const Tensor& x) {
  return config.train.precision == Precision::bf16 ? ops::convert(x, DType::bf16) : x;
}

Tensor from_activation(const Config& config, const Tensor& x) {
  return config.train.precision == Precision::bf16 ? ops::convert(x, DType::f32) : x;
}

}  // namespace pg
