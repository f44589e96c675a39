// discriminator.cpp: parameters and forward pass of the discriminator.
#include "model/networks/discriminator.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/ops.h"
#include "model/config/micro_batch.h"
#include "model/networks/generator.h"

namespace pg {

Discriminator::Discriminator(const Config& config) : config_(config) {
  PG_ASSERT(config.model.resolution >= 4 && config.model.channels >= 1);
}

std::vector<ParameterSpec> Discriminator::specs() const {
  const ModelConfig& m = config_.model;
  std::vector<ParameterSpec> specs;
  const int64_t base = fmaps(config_, 1), last = fmaps(config_, 0), classes = label_count(config_);
  const int64_t extra = m.mbstd_group_size > 0 ? 1 : 0;
  const int64_t outputs = m.conditioning == Conditioning::acgan ? 1 + classes : 1;
  append_layer(specs, m, {4, "FromRGB", {base, 1, 1, m.channels}, kHeGain, base});
  append_layer(specs, m, {4, "Conv", {base, 3, 3, base + extra}, kHeGain, base});
  append_layer(specs, m, {4, "Dense0", {last, 1, 1, 16 * base}, kHeGain, last});
  append_layer(specs, m, {4, "Dense1", {outputs, 1, 1, last}, m.last_gain, outputs, m.last_wscale});
  if (m.conditioning == Conditioning::projection) {
    specs.push_back({.name = "4x4/Embedding/weight",
                     .shape = {last, 1, 1, classes},
                     .scale = 1.0 / std::sqrt(static_cast<double>(last))});
  }
  for (int64_t r = 8; r <= m.resolution; r *= 2) {
    const int64_t wide = fmaps(config_, stage_of(r)), next = fmaps(config_, stage_of(r / 2));
    const int64_t middle = m.narrow_at == NarrowAt::second ? wide : next;
    append_layer(specs, m, {r, "FromRGB", {wide, 1, 1, m.channels}, kHeGain, wide});
    append_layer(specs, m, {r, "Conv0", {middle, 3, 3, wide}, kHeGain, middle});
    append_layer(specs, m, {r, "Conv1_down", {next, 3, 3, middle}, kHeGain, next});
  }
  return specs;
}

Tensor Discriminator::layer(const Weights& w, const Tensor& x, int64_t resolution, const char* name,
                            const ConvGeometry& shape) const {
  const LayerWeights l = layer_weights(w, layer_name(resolution, name));
  ConvGeometry g = shape;
  g.scale = l.scale;
  return ops::conv_bias_lrelu(x, l.w, l.b, g, config_.model.leaky_slope);
}

Tensor Discriminator::from_rgb(const Weights& w, const Tensor& images, int64_t resolution) const {
  const Tensor x = to_activation(config_, images);
  if (config_.model.from_rgb_activation) return layer(w, x, resolution, "FromRGB", {.pad = 0});
  const LayerWeights l = layer_weights(w, layer_name(resolution, "FromRGB"));
  return ops::conv_bias_lrelu(x, l.w, l.b, {.pad = 0, .scale = l.scale}, 1.0);
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
  const int64_t n = x.shape().n / batches;
  if (m.mbstd_remainder == GroupRemainder::whole && n == 1) {
    return ops::append_channel(x, full({x.shape().n, 1, 1, 1}, 0.0, x));
  }
  const MinibatchStddevGeometry g{.group = stddev_group(m, n),
                                  .batches = batches,
                                  .order = m.mbstd_order,
                                  .variance = m.mbstd_variance,
                                  .eps = m.mbstd_epsilon};
  return ops::append_channel(x, ops::minibatch_stddev(x, g));
}

DiscriminatorOutput Discriminator::head(const Weights& w, const Tensor& x, const Tensor& labels,
                                        int64_t batches) const {
  const ModelConfig& m = config_.model;
  const Tensor y = layer(w, with_stddev(x, batches), 4, "Conv", {});
  const Tensor flat = ops::reshape(y, {y.shape().n, 1, 1, y.numel() / y.shape().n});
  const LayerWeights l0 = layer_weights(w, "4x4/Dense0"), l1 = layer_weights(w, "4x4/Dense1");
  const Tensor hidden = ops::bias_lrelu(ops::dense(flat, l0.w, l0.scale), l0.b, m.leaky_slope);
  const Tensor out = ops::bias_lrelu(ops::dense(hidden, l1.w, l1.scale), l1.b, 1.0);
  if (m.conditioning == Conditioning::acgan) {
    const int64_t first = config_.loss.label_column_bug ? 0 : 1;
    return {.score = ops::take_channels(out, 0, 1),
            .logits = ops::take_channels(out, first, label_count(config_))};
  }
  if (m.conditioning == Conditioning::none) return {.score = out, .logits = {}};
  PG_CHECK(labels && labels.shape().c == label_count(config_), ShapeError, "this discriminator is ",
           "conditional: it takes one-hot labels of ", label_count(config_), " classes");
  const std::string name = "4x4/Embedding/weight";
  const Tensor embedded = ops::dense(labels, w[name], w.scale(name));
  const Tensor match = ops::sum_to(ops::mul(hidden, embedded), out.shape());
  return {.score = ops::add(out, match), .logits = {}};
}

DiscriminatorOutput Discriminator::forward(const Weights& w, const Tensor& images,
                                           const Tensor& labels, const DeviceFade& fade,
                                           int64_t batches) const {
  const int64_t resolution = fade.resolution;
  const Shape& s = images.shape();
  PG_CHECK(s.h == resolution && s.w == resolution && s.c == config_.model.channels, ShapeError,
           "the discriminator takes ", resolution, "x", resolution, " images of ",
           config_.model.channels, " channels, not ", s);
  Tensor x = from_rgb(w, images, resolution);
  const bool fades = fade.alpha && (resolution > 8 || config_.model.d_fade_at_8x8);
  for (int64_t r = resolution; r >= 8; r /= 2) {
    x = block(w, x, r);
    if (r == resolution && fades) {
      x = ops::lerp(from_rgb(w, ops::avg_pool(images), r / 2), x, fade.alpha);
    }
  }
  return head(w, from_activation(config_, x), labels, batches);
}

}  // namespace pg
