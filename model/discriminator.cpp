// discriminator.cpp: parameters and forward pass of the discriminator.
#include "model/discriminator.h"

#include <algorithm>

#include "engine/ops.h"
#include "model/generator.h"

namespace pg {

Discriminator::Discriminator(const Config& config) : config_(config) {
  PG_ASSERT(config.model.resolution >= 4 && config.model.channels >= 1);
}

std::vector<ParameterSpec> Discriminator::specs() const {
  const ModelConfig& m = config_.model;
  std::vector<ParameterSpec> specs;
  const int64_t base = fmaps(config_, 1), last = fmaps(config_, 0);
  const int64_t extra = m.mbstd_group_size > 0 ? 1 : 0;
  append_layer(specs, m, {4, "FromRGB", {base, 1, 1, m.channels}, kHeGain, base});
  append_layer(specs, m, {4, "Conv", {base, 3, 3, base + extra}, kHeGain, base});
  append_layer(specs, m, {4, "Dense0", {last, 1, 1, 16 * base}, kHeGain, last});
  append_layer(specs, m, {4, "Dense1", {1, 1, 1, last}, m.last_gain, 1});
  for (int64_t r = 8; r <= m.resolution; r *= 2) {
    const int64_t wide = fmaps(config_, stage_of(r)), next = fmaps(config_, stage_of(r / 2));
    append_layer(specs, m, {r, "FromRGB", {wide, 1, 1, m.channels}, kHeGain, wide});
    append_layer(specs, m, {r, "Conv0", {wide, 3, 3, wide}, kHeGain, wide});
    append_layer(specs, m, {r, "Conv1_down", {next, 3, 3, wide}, kHeGain, next});
  }
  return specs;
}

Tensor Discriminator::layer(const Weights& w, const Tensor& x, int64_t resolution, const char* name,
                            const ConvGeometry& shape) const {
  const std::string path = layer_name(resolution, name);
  const Tensor& weight = w[path + "/weight"];
  ConvGeometry g = shape;
  g.scale = runtime_scale(config_.model, kHeGain, weight.shape());
  return ops::conv_bias_lrelu(x, weight, w[path + "/bias"], g, config_.model.leaky_slope);
}

Tensor Discriminator::from_rgb(const Weights& w, const Tensor& images, int64_t resolution) const {
  return layer(w, to_activation(config_, images), resolution, "FromRGB", {.pad = 0});
}

Tensor Discriminator::block(const Weights& w, const Tensor& x, int64_t resolution) const {
  const Tensor y = layer(w, x, resolution, "Conv0", {});
  if (config_.model.down_order == DownOrder::pool_first) {
    return layer(w, y, resolution, "Conv1_down", {.mode = ConvMode::down});
  }
  return ops::avg_pool(layer(w, y, resolution, "Conv1_down", {}));
}

Tensor Discriminator::with_stddev(const Tensor& x, int64_t batches) const {
  const ModelConfig& m = config_.model;
  if (m.mbstd_group_size == 0) return x;
  const MinibatchStddevGeometry g{.group = std::min(m.mbstd_group_size, x.shape().n / batches),
                                  .batches = batches,
                                  .order = m.mbstd_order,
                                  .variance = m.mbstd_variance,
                                  .eps = m.mbstd_epsilon};
  return ops::append_channel(x, ops::minibatch_stddev(x, g));
}

Tensor Discriminator::head(const Weights& w, const Tensor& x, int64_t batches) const {
  const ModelConfig& m = config_.model;
  const Tensor y = layer(w, with_stddev(x, batches), 4, "Conv", {});
  const Tensor flat = ops::reshape(y, {y.shape().n, 1, 1, y.numel() / y.shape().n});
  const Tensor& w0 = w["4x4/Dense0/weight"];
  const Tensor& w1 = w["4x4/Dense1/weight"];
  const Tensor hidden = ops::bias_lrelu(ops::dense(flat, w0, runtime_scale(m, kHeGain, w0.shape())),
                                        w["4x4/Dense0/bias"], m.leaky_slope);
  return ops::bias_lrelu(ops::dense(hidden, w1, runtime_scale(m, m.last_gain, w1.shape())),
                         w["4x4/Dense1/bias"], 1.0);
}

Tensor Discriminator::forward(const Weights& w, const Tensor& images, int64_t resolution,
                              const Tensor& alpha, int64_t batches) const {
  const Shape& s = images.shape();
  PG_CHECK(s.h == resolution && s.w == resolution && s.c == config_.model.channels, ShapeError,
           "the discriminator takes ", resolution, "x", resolution, " images of ",
           config_.model.channels, " channels, not ", s);
  Tensor x = from_rgb(w, images, resolution);
  for (int64_t r = resolution; r >= 8; r /= 2) {
    x = block(w, x, r);
    if (r == resolution && alpha) {
      x = ops::lerp(from_rgb(w, ops::avg_pool(images), r / 2), x, alpha);
    }
  }
  return head(w, from_activation(config_, x), batches);
}

}  // namespace pg
