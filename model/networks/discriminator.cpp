// discriminator.cpp: the forward pass of the discriminator.
#include "model/networks/discriminator.h"

#include "engine/ops/ops.h"
#include "model/config/micro_batch.h"

namespace pg {

LogitColumns logit_columns(const LossConfig& loss) {
  return loss.label_column_bug ? LogitColumns::from_score : LogitColumns::after_score;
}

Discriminator::Discriminator(ModelConfig model, DType activations, LogitColumns logits)
    : model_(model),
      activations_(activations),
      logits_(logits),
      layers_(discriminator_layers(model)) {
  PG_ASSERT(model.resolution >= kMinResolution && model.channels >= 1);
}

std::vector<ParameterSpec> Discriminator::specs() const {
  return parameter_specs(Network::discriminator, model_);
}

LayerWeights Discriminator::weights_of(const Weights& w, int64_t resolution, LayerKind kind) const {
  return layer_weights(w, find_layer(layers_, resolution, kind));
}

Tensor Discriminator::layer(const Weights& w, const Tensor& x, int64_t resolution, LayerKind kind,
                            const ConvGeometry& shape) const {
  const LayerWeights l = weights_of(w, resolution, kind);
  ConvGeometry g = shape;
  g.scale = l.scale;
  return ops::conv_bias_lrelu(x, l.w, l.b, g, model_.leaky_slope);
}

Tensor Discriminator::from_rgb(const Weights& w, const Tensor& images, int64_t resolution) const {
  const Tensor x = stored_as(images, activations_);
  const LayerWeights l = weights_of(w, resolution, LayerKind::from_rgb);
  const double slope = model_.from_rgb_activation ? model_.leaky_slope : 1.0;
  return ops::conv_bias_lrelu(x, l.w, l.b, {.pad = 0, .scale = l.scale}, slope);
}

Tensor Discriminator::block(const Weights& w, const Tensor& x, int64_t resolution) const {
  const Tensor y = layer(w, x, resolution, LayerKind::conv, {});
  if (model_.down_order == DownOrder::pool_first) {
    return layer(w, y, resolution, LayerKind::conv_down, {.mode = ConvMode::down});
  }
  return ops::avg_pool(layer(w, y, resolution, LayerKind::conv_down, {}));
}

Tensor Discriminator::with_stddev(const Tensor& x, int64_t batches) const {
  const ModelConfig& m = model_;
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
  const ModelConfig& m = model_;
  const Tensor y = layer(w, with_stddev(x, batches), 4, LayerKind::conv, {});
  const Tensor flat = ops::reshape(y, {y.shape().n, 1, 1, y.numel() / y.shape().n});
  const LayerWeights l0 = weights_of(w, 4, LayerKind::flat);
  const LayerWeights l1 = weights_of(w, 4, LayerKind::last);
  const Tensor hidden = ops::bias_lrelu(ops::dense(flat, l0.w, l0.scale), l0.b, m.leaky_slope);
  const Tensor out = ops::bias_lrelu(ops::dense(hidden, l1.w, l1.scale), l1.b, 1.0);
  const int64_t classes = label_count(m);
  if (m.conditioning == Conditioning::acgan) {
    const int64_t first = logits_ == LogitColumns::from_score ? 0 : 1;
    return {.score = ops::take_channels(out, 0, 1),
            .logits = ops::take_channels(out, first, classes)};
  }
  if (m.conditioning == Conditioning::none) return {.score = out, .logits = {}};
  PG_CHECK(labels && labels.shape().c == classes, ShapeError,
           "conditional discriminator: expected one-hot labels of ", classes, " classes, got ",
           labels ? message(labels.shape()) : "none");
  const size_t embedding = find_layer(layers_, 4, LayerKind::embedding).weight;
  const Tensor embedded = ops::dense(labels, w[embedding], w.scale(embedding));
  const Tensor match = ops::sum_to(ops::mul(hidden, embedded), out.shape());
  return {.score = ops::add(out, match), .logits = {}};
}

DiscriminatorOutput Discriminator::forward(const Weights& w, const Tensor& images,
                                           const Tensor& labels, const DeviceFade& fade,
                                           int64_t batches) const {
  const int64_t resolution = fade.resolution;
  const Shape& s = images.shape();
  PG_CHECK(s.h == resolution && s.w == resolution && s.c == model_.channels, ShapeError,
           "discriminator: expected ", resolution, "x", resolution, " images of ", model_.channels,
           " channels, got ", s);
  Tensor x = from_rgb(w, images, resolution);
  const bool fades = fade.alpha && (resolution > 8 || model_.d_fade_at_8x8);
  for (int64_t r = resolution; r >= 8; r /= 2) {
    x = block(w, x, r);
    if (r == resolution && fades) {
      x = ops::lerp(from_rgb(w, ops::avg_pool(images), r / 2), x, fade.alpha);
    }
  }
  return head(w, stored_as(x, w.all().front().dtype()), labels, batches);
}

}  // namespace pg
