// generator.cpp: parameters and forward pass of the generator.
#include "model/networks/generator.h"

#include <bit>

#include "engine/ops/ops.h"

namespace pg {

int64_t stage_of(int64_t resolution) {
  return std::bit_width(static_cast<uint64_t>(resolution)) - 2;
}

Generator::Generator(const Config& config) : config_(config) {
  PG_ASSERT(config.model.resolution >= 4 && config.model.channels >= 1);
}

std::vector<ParameterSpec> Generator::specs() const {
  const ModelConfig& m = config_.model;
  std::vector<ParameterSpec> specs;
  const auto add = [&](LayerSpec layer) {
    layer.equalized = layer.equalized && m.g_wscale;
    append_layer(specs, m, layer);
  };
  const int64_t base = fmaps(config_, 1);
  const int64_t latent = latent_size(config_) + label_count(config_);
  // PyTorch's transposed 4x4 convolution, which some variants have here, counts its outputs.
  add({.resolution = 4,
       .layer = "Dense",
       .w = {16 * base, 1, 1, latent},
       .gain = m.first_layer_gain,
       .bias = m.first_bias == FirstBias::channel ? base : 16 * base,
       .equalized = m.first_wscale,
       .fan = 16 * base});
  add({4, "Conv", {base, 3, 3, base}, kHeGain, base});
  add({4, "ToRGB", {m.channels, 1, 1, base}, m.to_rgb_gain, m.channels});
  for (int64_t r = 8; r <= m.resolution; r *= 2) {
    const int64_t in = fmaps(config_, stage_of(r / 2)), out = fmaps(config_, stage_of(r));
    add({r, "Conv0_up", {out, 3, 3, in}, kHeGain, out});
    add({r, "Conv1", {out, 3, 3, out}, kHeGain, out});
    add({r, "ToRGB", {m.channels, 1, 1, out}, m.to_rgb_gain, m.channels});
  }
  return specs;
}

Tensor Generator::layer(const Weights& w, const Tensor& x, int64_t resolution, const char* name,
                        ConvMode mode) const {
  const ModelConfig& m = config_.model;
  const LayerWeights l = layer_weights(w, layer_name(resolution, name));
  const ConvGeometry g{.mode = mode, .pad = 1, .scale = l.scale};
  if (!m.use_pixelnorm) return ops::conv_bias_lrelu(x, l.w, l.b, g, m.leaky_slope);
  if (m.norm_order == NormOrder::activation_first) {
    return ops::conv_bias_lrelu_pixel_norm(x, l.w, l.b, g, m.leaky_slope, m.pixelnorm_epsilon);
  }
  const Tensor y = ops::pixel_norm(ops::conv_bias_lrelu(x, l.w, l.b, g, 1.0), m.pixelnorm_epsilon);
  return ops::bias_lrelu(y, {}, m.leaky_slope);
}

Tensor Generator::latent(const Tensor& z, const Tensor& labels) const {
  const ModelConfig& m = config_.model;
  PG_CHECK(z.shape().c == latent_size(config_), ShapeError, "the generator takes latents of ",
           latent_size(config_), " numbers, not ", z.shape().c);
  const auto norm = [&](const Tensor& x) {
    return m.normalize_latents ? ops::pixel_norm(x, m.pixelnorm_epsilon) : x;
  };
  const int64_t classes = label_count(config_);
  if (classes == 0) return norm(z);
  PG_CHECK(labels && labels.shape().c == classes, ShapeError, "this generator is conditional: it ",
           "takes one-hot labels of ", classes, " classes");
  return m.normalize_labels ? norm(append_labels(z, labels)) : append_labels(norm(z), labels);
}

// The dense layer gives the 4x4 image with channels last, so its rows are ordered (y, x, c).
Tensor Generator::base(const Weights& w, const Tensor& latent) const {
  const ModelConfig& m = config_.model;
  const LayerWeights l = layer_weights(w, "4x4/Dense");
  const Shape image{latent.shape().n, 4, 4, fmaps(config_, 1)};
  Tensor x = ops::dense(latent, l.w, l.scale);
  const bool by_value = l.b.shape().c == x.shape().c;
  if (!by_value) x = ops::reshape(x, image);
  // The first layer of norm_first variants has no norm, so its order does not matter.
  x = ops::bias_lrelu(x, l.b, m.leaky_slope);
  if (by_value) x = ops::reshape(x, image);
  if (m.use_pixelnorm && m.first_pixelnorm) x = ops::pixel_norm(x, m.pixelnorm_epsilon);
  return layer(w, to_activation(config_, x), 4, "Conv", ConvMode::same);
}

Tensor Generator::to_rgb(const Weights& w, const Tensor& x, int64_t resolution) const {
  const LayerWeights l = layer_weights(w, layer_name(resolution, "ToRGB"));
  return ops::conv_bias_lrelu(x, l.w, l.b, {.pad = 0, .scale = l.scale}, 1.0);
}

Tensor Generator::output(const Tensor& image, int64_t resolution) const {
  const OutputActivation a = config_.model.output_activation;
  const bool tanh =
      a == OutputActivation::tanh || (a == OutputActivation::tanh_above_4x4 && resolution > 4);
  const Tensor y = from_activation(config_, image);
  return tanh ? ops::tanh(y) : y;
}

Tensor Generator::forward(const Weights& w, const Tensor& z, const Tensor& labels,
                          const DeviceFade& fade) const {
  const int64_t resolution = fade.resolution;
  Tensor x = base(w, latent(z, labels)), before;
  for (int64_t r = 8; r <= resolution; r *= 2) {
    before = x;
    x = layer(w, x, r, "Conv0_up", ConvMode::up);
    x = layer(w, x, r, "Conv1", ConvMode::same);
  }
  const Tensor image = to_rgb(w, x, resolution);
  if (!fade.alpha) return output(image, resolution);
  return output(ops::fade_in(to_rgb(w, before, resolution / 2), image, fade.alpha), resolution);
}

}  // namespace pg
