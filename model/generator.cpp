// generator.cpp: parameters and forward pass of the generator.
#include "model/generator.h"

#include <bit>

#include "engine/ops.h"

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
  const int64_t latent = latent_size(config_), base = fmaps(config_, 1);
  append_layer(specs, m, {4, "Dense", {16 * base, 1, 1, latent}, m.first_layer_gain, base});
  append_layer(specs, m, {4, "Conv", {base, 3, 3, base}, kHeGain, base});
  append_layer(specs, m, {4, "ToRGB", {m.channels, 1, 1, base}, m.to_rgb_gain, m.channels});
  for (int64_t r = 8; r <= m.resolution; r *= 2) {
    const int64_t in = fmaps(config_, stage_of(r / 2)), out = fmaps(config_, stage_of(r));
    append_layer(specs, m, {r, "Conv0_up", {out, 3, 3, in}, kHeGain, out});
    append_layer(specs, m, {r, "Conv1", {out, 3, 3, out}, kHeGain, out});
    append_layer(specs, m, {r, "ToRGB", {m.channels, 1, 1, out}, m.to_rgb_gain, m.channels});
  }
  return specs;
}

Tensor Generator::normalize(const Tensor& x) const {
  return config_.model.use_pixelnorm ? ops::pixel_norm(x, config_.model.pixelnorm_epsilon) : x;
}

Tensor Generator::layer(const Weights& w, const Tensor& x, int64_t resolution, const char* name,
                        ConvMode mode) const {
  const ModelConfig& m = config_.model;
  const std::string path = layer_name(resolution, name);
  const Tensor& weight = w[path + "/weight"];
  const ConvGeometry g{.mode = mode, .pad = 1, .scale = runtime_scale(m, kHeGain, weight.shape())};
  const Tensor& bias = w[path + "/bias"];
  return m.use_pixelnorm ? ops::conv_bias_lrelu_pixel_norm(x, weight, bias, g, m.leaky_slope,
                                                           m.pixelnorm_epsilon)
                         : ops::conv_bias_lrelu(x, weight, bias, g, m.leaky_slope);
}

// The dense layer gives the 4x4 image with channels last, so its rows are ordered (y, x, c).
Tensor Generator::base(const Weights& w, const Tensor& z) const {
  const ModelConfig& m = config_.model;
  const Tensor latent = m.normalize_latents ? ops::pixel_norm(z, m.pixelnorm_epsilon) : z;
  const Tensor& weight = w["4x4/Dense/weight"];
  const double scale = runtime_scale(m, m.first_layer_gain, weight.shape());
  const Tensor image =
      ops::reshape(ops::dense(latent, weight, scale), {z.shape().n, 4, 4, fmaps(config_, 1)});
  const Tensor x = normalize(ops::bias_lrelu(image, w["4x4/Dense/bias"], m.leaky_slope));
  return layer(w, to_activation(config_, x), 4, "Conv", ConvMode::same);
}

Tensor Generator::to_rgb(const Weights& w, const Tensor& x, int64_t resolution) const {
  const std::string path = layer_name(resolution, "ToRGB");
  const Tensor& weight = w[path + "/weight"];
  const double scale = runtime_scale(config_.model, config_.model.to_rgb_gain, weight.shape());
  return ops::conv_bias_lrelu(x, weight, w[path + "/bias"], {.pad = 0, .scale = scale}, 1.0);
}

Tensor Generator::forward(const Weights& w, const Tensor& z, int64_t resolution,
                          const Tensor& alpha) const {
  PG_CHECK(z.shape().c == latent_size(config_), ShapeError, "the generator takes latents of ",
           latent_size(config_), " numbers, not ", z.shape().c);
  Tensor x = base(w, z), before;
  for (int64_t r = 8; r <= resolution; r *= 2) {
    before = x;
    x = layer(w, x, r, "Conv0_up", ConvMode::up);
    x = layer(w, x, r, "Conv1", ConvMode::same);
  }
  const Tensor image = to_rgb(w, x, resolution);
  if (!alpha || resolution == 4) return from_activation(config_, image);
  return from_activation(config_, ops::fade_in(to_rgb(w, before, resolution / 2), image, alpha));
}

}  // namespace pg
