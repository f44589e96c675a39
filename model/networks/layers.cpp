// layers.cpp: the structure of both networks (PGGAN figure 1, appendix A table 2).
#include "model/networks/layers.h"

#include <algorithm>
#include <cmath>

#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

class Table {
 public:
  // `layer` with its place in the network; layer.name is "Conv1".
  void add(LayerInfo layer) {
    layer.name = message(layer.resolution, "x", layer.resolution, "/", layer.name);
    layer.weight = parameters_;
    parameters_ += layer.bias > 0 ? 2 : 1;
    layers_.push_back(std::move(layer));
  }
  void add(LayerKind kind, int64_t resolution, const char* name, int64_t in, int64_t out) {
    add({.kind = kind, .resolution = resolution, .name = name, .in = in, .out = out, .bias = out});
  }
  std::vector<LayerInfo> take() { return std::move(layers_); }

 private:
  std::vector<LayerInfo> layers_;
  size_t parameters_ = 0;
};

// He's constant.
double he_constant(double gain, const Shape& w) {
  return gain / std::sqrt(static_cast<double>(w.h * w.w * w.c));
}

// 1 / sqrt(fan) of PyTorch's layer. Some variants begin with its transposed 4x4 convolution, which
// counts outputs.
double torch_bound(const LayerInfo& l, const Shape& w) {
  const int64_t fan = l.kind == LayerKind::first ? w.n : w.h * w.w * w.c;
  return 1.0 / std::sqrt(static_cast<double>(fan));
}

void append_specs(std::vector<ParameterSpec>& specs, const ModelConfig& m, const LayerInfo& l) {
  PG_ASSERT(specs.size() == l.weight);
  ParameterSpec w{
      .name = l.name + "/weight", .shape = l.weight_shape(), .resolution = l.resolution};
  if (l.kind == LayerKind::embedding) {
    w.scale = 1.0 / std::sqrt(static_cast<double>(l.out));
    specs.push_back(std::move(w));
    return;
  }
  ParameterSpec b{.name = l.name + "/bias",
                  .shape = {1, 1, 1, l.bias},
                  .init = Init::zeros,
                  .resolution = l.resolution};
  if (l.equalized_here && m.use_wscale) {
    w.scale = he_constant(l.gain, w.shape);
    if (m.init == WeightInit::unit_rms) w.init = Init::unit_rms;
    if (m.scale_bias) b.scale = w.scale;
  } else if (m.plain_init == PlainInit::torch) {
    w.init = b.init = Init::uniform;
    w.init_scale = b.init_scale = torch_bound(l, w.shape);
  } else {
    w.init_scale = he_constant(l.gain, w.shape);
  }
  specs.push_back(std::move(w));
  specs.push_back(std::move(b));
}

double multiplications(const LayerInfo& l) {
  const auto weights = static_cast<double>(l.weight_shape().numel());
  const bool dense = l.kind == LayerKind::first;
  return dense ? weights : weights * static_cast<double>(l.resolution * l.resolution);
}

}  // namespace

int64_t LayerInfo::size() const {
  switch (kind) {
    case LayerKind::first:
    case LayerKind::flat:
      return 4;
    case LayerKind::conv:
    case LayerKind::conv_up:
    case LayerKind::conv_down:
      return 3;
    case LayerKind::to_rgb:
    case LayerKind::from_rgb:
    case LayerKind::last:
    case LayerKind::embedding:
      break;
  }
  return 1;
}

Shape LayerInfo::weight_shape() const {
  const int64_t n = size();
  if (kind == LayerKind::first) return {out * n * n, 1, 1, in};
  if (kind == LayerKind::flat) return {out, 1, 1, in * n * n};
  return {out, n, n, in};
}

std::vector<LayerInfo> generator_layers(const ModelConfig& m) {
  Table t;
  const int64_t base = channels_at(m, 4);
  t.add({.kind = LayerKind::first,
         .resolution = 4,
         .name = "Dense",
         .in = latent_size(m) + label_count(m),
         .out = base,
         .bias = m.first_bias == FirstBias::channel ? base : 16 * base,
         .gain = m.first_layer_gain,
         .equalized_here = m.first_wscale});
  t.add(LayerKind::conv, 4, "Conv", base, base);
  const auto add_to_rgb = [&](int64_t r) {
    t.add({.kind = LayerKind::to_rgb,
           .resolution = r,
           .name = "ToRGB",
           .in = channels_at(m, r),
           .out = m.channels,
           .bias = m.channels,
           .gain = m.to_rgb_gain});
  };
  add_to_rgb(4);
  for (int64_t r = 8; r <= m.resolution; r *= 2) {
    const int64_t in = channels_at(m, r / 2), out = channels_at(m, r);
    t.add(LayerKind::conv_up, r, "Conv0_up", in, out);
    t.add(LayerKind::conv, r, "Conv1", out, out);
    add_to_rgb(r);
  }
  std::vector<LayerInfo> layers = t.take();
  for (LayerInfo& l : layers) l.equalized_here = l.equalized_here && m.g_wscale;
  return layers;
}

std::vector<LayerInfo> discriminator_layers(const ModelConfig& m) {
  Table t;
  const int64_t base = channels_at(m, 4), last = fmaps(m, 0), classes = label_count(m);
  const int64_t stddev = m.mbstd_group_size > 0 ? 1 : 0;
  const int64_t outputs = m.conditioning == Conditioning::acgan ? 1 + classes : 1;
  t.add(LayerKind::from_rgb, 4, "FromRGB", m.channels, base);
  t.add(LayerKind::conv, 4, "Conv", base + stddev, base);
  t.add(LayerKind::flat, 4, "Dense0", base, last);
  t.add({.kind = LayerKind::last,
         .resolution = 4,
         .name = "Dense1",
         .in = last,
         .out = outputs,
         .bias = outputs,
         .gain = m.last_gain,
         .equalized_here = m.last_wscale});
  if (m.conditioning == Conditioning::projection) {
    t.add({.kind = LayerKind::embedding, .name = "Embedding", .in = classes, .out = last});
  }
  for (int64_t r = 8; r <= m.resolution; r *= 2) {
    const int64_t wide = channels_at(m, r), next = channels_at(m, r / 2);
    const int64_t middle = m.narrow_at == NarrowAt::second ? wide : next;
    t.add(LayerKind::from_rgb, r, "FromRGB", m.channels, wide);
    t.add(LayerKind::conv, r, "Conv0", wide, middle);
    t.add(LayerKind::conv_down, r, "Conv1_down", middle, next);
  }
  return t.take();
}

std::vector<LayerInfo> layers_of(Network network, const ModelConfig& model) {
  return network == Network::generator ? generator_layers(model) : discriminator_layers(model);
}

const LayerInfo& find_layer(const std::vector<LayerInfo>& layers, int64_t resolution,
                            LayerKind kind) {
  const auto it = std::find_if(layers.begin(), layers.end(), [&](const LayerInfo& l) {
    return l.resolution == resolution && l.kind == kind;
  });
  PG_ASSERT(it != layers.end());
  return *it;
}

std::vector<ParameterSpec> parameter_specs(Network network, const ModelConfig& model) {
  std::vector<ParameterSpec> specs;
  for (const LayerInfo& l : layers_of(network, model)) append_specs(specs, model, l);
  return specs;
}

int64_t channels_at(const ModelConfig& model, int64_t resolution) {
  return fmaps(model, level_of(resolution) + 1);
}

bool has_tanh(const ModelConfig& model, int64_t resolution) {
  const OutputActivation a = model.output_activation;
  return a == OutputActivation::tanh ||
         (a == OutputActivation::tanh_above_4x4 && resolution > kMinResolution);
}

double relative_cost(const ModelConfig& model, int64_t resolution) {
  double sum = 0.0;
  for (const LayerInfo& l : generator_layers(model)) {
    const bool runs = l.is_rgb() ? l.resolution == resolution : l.resolution <= resolution;
    if (runs) sum += multiplications(l);
  }
  return sum;
}

}  // namespace pg
