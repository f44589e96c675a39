// generator.cpp: the forward pass of the generator.
#include "model/networks/generator.h"

#include "engine/ops/ops.h"

namespace pg {

Generator::Generator(ModelConfig model, DType activations)
    : model_(model), activations_(activations), layers_(generator_layers(model)) {
  PG_ASSERT(model.resolution >= kMinResolution && model.channels >= 1);
}

std::vector<ParameterSpec> Generator::specs() const {
  return parameter_specs(Network::generator, model_);
}

LayerWeights Generator::weights_of(const Weights& w, int64_t resolution, LayerKind kind) const {
  return layer_weights(w, find_layer(layers_, resolution, kind));
}

Tensor Generator::layer(const Weights& w, const Tensor& x, int64_t resolution,
                        LayerKind kind) const {
  const ModelConfig& m = model_;
  const LayerWeights l = weights_of(w, resolution, kind);
  const ConvMode mode = kind == LayerKind::conv_up ? ConvMode::up : ConvMode::same;
  const ConvGeometry g{.mode = mode, .pad = 1, .scale = l.scale};
  if (!m.use_pixelnorm) return ops::conv_bias_lrelu(x, l.w, l.b, g, m.leaky_slope);
  if (m.norm_order == NormOrder::activation_first) {
    return ops::conv_bias_lrelu_pixel_norm(x, l.w, l.b, g, m.leaky_slope, m.pixelnorm_epsilon);
  }
  const Tensor y = ops::pixel_norm(ops::conv_bias_lrelu(x, l.w, l.b, g, 1.0), m.pixelnorm_epsilon);
  return ops::bias_lrelu(y, {}, m.leaky_slope);
}

Tensor Generator::latent(const Tensor& z, const Tensor& labels) const {
  const ModelConfig& m = model_;
  PG_CHECK(z.shape().c == latent_size(m), ShapeError, "generator: expected latents of ",
           latent_size(m), " numbers, got ", z.shape().c);
  const auto norm = [&](const Tensor& x) {
    return m.normalize_latents ? ops::pixel_norm(x, m.pixelnorm_epsilon) : x;
  };
  const int64_t classes = label_count(m);
  if (classes == 0) return norm(z);
  PG_CHECK(labels && labels.shape().c == classes, ShapeError,
           "conditional generator: expected one-hot labels of ", classes, " classes, got ",
           labels ? message(labels.shape()) : "none");
  return m.normalize_labels ? norm(append_labels(z, labels)) : append_labels(norm(z), labels);
}

// The dense layer gives the 4x4 image with channels last, so its rows are ordered (y, x, c).
Tensor Generator::base(const Weights& w, const Tensor& latent) const {
  const ModelConfig& m = model_;
  const LayerWeights l = weights_of(w, 4, LayerKind::first);
  const Shape image{latent.shape().n, 4, 4, channels_at(m, 4)};
  Tensor x = ops::dense(latent, l.w, l.scale);
  const bool by_value = l.b.shape().c == x.shape().c;
  if (!by_value) x = ops::reshape(x, image);
  // The first layer of norm_first variants has no norm, so its order does not matter.
  x = ops::bias_lrelu(x, l.b, m.leaky_slope);
  if (by_value) x = ops::reshape(x, image);
  if (m.use_pixelnorm && m.first_pixelnorm) x = ops::pixel_norm(x, m.pixelnorm_epsilon);
  return layer(w, stored_as(x, activations_), 4, LayerKind::conv);
}

Tensor Generator::to_rgb(const Weights& w, const Tensor& x, int64_t resolution) const {
  const LayerWeights l = weights_of(w, resolution, LayerKind::to_rgb);
  return ops::conv_bias_lrelu(x, l.w, l.b, {.pad = 0, .scale = l.scale}, 1.0);
}

// tanh is computed in the type of the parameters.
Tensor Generator::output(const Tensor& image, DType parameters, int64_t resolution) const {
  if (!has_tanh(model_, resolution)) return image;
  return stored_as(ops::tanh(stored_as(image, parameters)), activations_);
}

Tensor Generator::forward(const Weights& w, const Tensor& z, const Tensor& labels,
                          const DeviceFade& fade) const {
  const int64_t resolution = fade.resolution;
  Tensor x = base(w, latent(z, labels)), before;
  for (int64_t r = 8; r <= resolution; r *= 2) {
    before = x;
    x = layer(w, x, r, LayerKind::conv_up);
    x = layer(w, x, r, LayerKind::conv);
  }
  Tensor image = to_rgb(w, x, resolution);
  if (fade.alpha) image = ops::fade_in(to_rgb(w, before, resolution / 2), image, fade.alpha);
  return output(image, z.dtype(), resolution);
}

}  // namespace pg
