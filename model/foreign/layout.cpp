// layout.cpp: the tables of names and axes.
//
// Axes: o outputs, i inputs, y x pixels of a filter. Ours: filters and the last dense layers are
// "o y x i", the first dense layer is "y x o i", since activations are channels-last.
#include "model/foreign/layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

// As the networks run at their final resolution: the discriminator from the top down.
std::vector<LayerInfo> running_order(Network network, const ModelConfig& m) {
  std::vector<LayerInfo> layers = layers_of(network, m);
  if (network == Network::discriminator) {
    std::ranges::stable_sort(layers, std::greater(), &LayerInfo::resolution);
  }
  return layers;
}

// A layer as a version stores it.
struct StoredLayer {
  std::string weight, bias;    // names
  std::string axes;            // of the weight
  std::vector<int64_t> shape;  // of the weight
  std::string flip{};
  bool bias_by_value = false;
  double factor = 1.0;
};

std::vector<int64_t> shape_of(const std::string& axes, const LayerInfo& l) {
  std::vector<int64_t> shape;
  for (const char a : axes) {
    if (a != ' ') shape.push_back(a == 'o' ? l.out : a == 'i' ? l.in : l.size());
  }
  return shape;
}

std::string foot(const LayerInfo& l, const std::string& name) {
  return message(l.resolution, "x", l.resolution, "/", name);
}

int64_t lod_of(const ModelConfig& m, int64_t resolution) {
  return level_of(m.resolution) - level_of(resolution);
}

// The second 3x3 convolution of a block above 4x4.
bool is_second(Network network, const LayerInfo& l) {
  return l.kind == (network == Network::generator ? LayerKind::conv : LayerKind::conv_down);
}

// tkarras/progressive_growing_of_gans, networks.py: filters [y, x, in, out], but Conv0_up
// [y, x, out, in] and mirrored, because it is a transposed convolution.
StoredLayer official_tf_layer(const ModelConfig& m, Network network, const LayerInfo& l) {
  const bool fused = m.down_order == DownOrder::pool_first;
  std::string name = l.name;
  std::string axes = "y x i o", flip;
  if (l.is_rgb()) {
    name = message(network == Network::generator ? "ToRGB_lod" : "FromRGB_lod",
                   lod_of(m, l.resolution));
  } else if (l.kind == LayerKind::conv_up) {
    if (fused) {
      axes = "y x o i";
      flip = "yx";
    } else {
      name = foot(l, "Conv0");
    }
  } else if (l.kind == LayerKind::conv_down && !fused) {
    name = foot(l, "Conv1");
  }
  std::vector<int64_t> shape = shape_of(axes, l);
  if (l.kind == LayerKind::first) {
    axes = "i o y x";
    shape = {l.in, l.out * 16};
  } else if (l.kind == LayerKind::flat) {
    axes = "i y x o";
    shape = {l.in * 16, l.out};
  } else if (l.kind == LayerKind::last) {
    axes = "i o";
    shape = {l.in, l.out};
  }
  return {name + "/weight", name + "/bias", axes, shape, flip};
}

// The branch original-theano-version, network.py: true convolutions, so filters are mirrored. A
// file lists weight, scale (only with equalized learning rate) and bias of each layer.
std::string theano_name(int64_t number) {
  std::string text = std::to_string(number);
  return std::string(text.size() < 3 ? 3 - text.size() : 0, '0') + text;
}

StoredLayer theano_layer(const ModelConfig& m, const LayerInfo& l, int64_t index) {
  const int64_t each = m.use_wscale ? 3 : 2, first = index * each;
  std::string axes = "o i y x", flip = "yx";
  if (l.kind == LayerKind::first) flip = "";
  if (l.is_rgb() || l.kind == LayerKind::last) {
    axes = "i o";
    flip = "";
  }
  return {theano_name(first), theano_name(first + each - 1), axes, shape_of(axes, l), flip};
}

// facebookresearch/pytorch_GAN_zoo, models/networks/progressive_conv_net.py.
StoredLayer gan_zoo_layer(Network network, const LayerInfo& l) {
  const int64_t scale = level_of(l.resolution);  // 0: 4x4
  std::string name, axes = "o i y x";
  std::vector<int64_t> shape = shape_of(axes, l);
  bool by_value = false;
  if (l.kind == LayerKind::first) {
    name = "formatLayer.module";
    axes = "o y x i";
    shape = {l.out * 16, l.in};
    by_value = true;
  } else if (l.is_rgb()) {
    name = message(network == Network::generator ? "toRGBLayers." : "fromRGBLayers.", scale,
                   ".module");
  } else if (l.kind == LayerKind::flat) {
    name = "groupScaleZero.1.module";
    shape = {l.out, l.in * 16};
  } else if (l.kind == LayerKind::last) {
    name = "decisionLayer.module";
    axes = "o i";
    shape = {l.out, l.in};
  } else if (l.resolution == 4) {
    name = network == Network::generator ? "groupScale0.0.module" : "groupScaleZero.0.module";
  } else {
    const int64_t second = is_second(network, l) ? 1 : 0;
    name = message("scaleLayers.", scale - 1, ".", second, ".module");
  }
  return {name + ".weight", name + ".bias", axes, shape, "", by_value};
}

// akanimax/pro_gan_pytorch 3.x, networks.py: the discriminator counts from the top.
StoredLayer akanimax_layer(const ModelConfig& m, Network network, const LayerInfo& l) {
  const bool g = network == Network::generator;
  const int64_t index = g ? level_of(l.resolution) : lod_of(m, l.resolution);
  std::string name, axes = l.kind == LayerKind::first ? "i o y x" : "o i y x";
  if (l.is_rgb()) {
    name = g ? message("rgb_converters.", index) : message("from_rgb.", index, ".0");
  } else {
    int64_t conv = is_second(network, l) ? 2 : 1;
    if (g && l.resolution == 4) conv = l.kind == LayerKind::first ? 1 : 2;
    if (l.kind == LayerKind::flat) conv = 2;
    if (l.kind == LayerKind::last) conv = 3;
    name = message("layers.", index, ".conv_", conv);
  }
  std::vector<int64_t> shape = shape_of(axes, l);
  return {name + ".weight", name + ".bias", axes, shape};
}

// akanimax before 3.0: the 4x4 block has a name, and the discriminator counts from the bottom.
StoredLayer akanimax_pre3_layer(Network network, const LayerInfo& l) {
  const bool g = network == Network::generator;
  const int64_t level = level_of(l.resolution);
  const std::string axes = l.kind == LayerKind::first ? "i o y x" : "o i y x";
  std::string name;
  if (l.is_rgb()) {
    name = message(g ? "rgb_converters." : "rgb_to_features.", level);
  } else {
    int64_t conv = is_second(network, l) ? 2 : 1;
    if (g && l.resolution == 4) conv = l.kind == LayerKind::first ? 1 : 2;
    if (l.kind == LayerKind::flat) conv = 2;
    if (l.kind == LayerKind::last) conv = 3;
    const std::string block = level > 0 ? message("layers.", level - 1)
                              : g       ? "initial_block"
                                        : "final_block";
    name = message(block, ".conv_", conv);
  }
  return {name + ".weight", name + ".bias", axes, shape_of(axes, l)};
}

// The tutorial (aladdinpersson/Machine-Learning-Collection, ProGAN/model.py). readme-hq ends with
// Flatten and Linear, so the index of its last layer is one higher.
StoredLayer tutorial_layer(const ModelConfig& m, Network network, const LayerInfo& l) {
  const bool g = network == Network::generator;
  const int64_t index = g ? level_of(l.resolution) - 1 : lod_of(m, l.resolution);
  std::string name, axes = "o i y x";
  if (l.kind == LayerKind::first) {
    axes = "i o y x";
    return {"initial.1.weight", "initial.1.bias", axes, shape_of(axes, l)};
  }
  if (l.kind == LayerKind::last && !m.last_wscale) {
    return {"final_block.5.weight", "final_block.5.bias", "o i", {l.out, l.in}};
  }
  if (l.is_rgb()) {
    name = message("rgb_layers.", g ? index + 1 : index);
  } else if (l.kind == LayerKind::flat) {
    name = "final_block.2";
  } else if (l.kind == LayerKind::last) {
    name = "final_block.4";
  } else if (l.resolution == 4) {
    name = g ? "initial.3" : "final_block.0";
  } else {
    const int64_t conv = is_second(network, l) ? 2 : 1;
    name = message("prog_blocks.", index, ".conv", conv);
  }
  return {name + ".conv.weight", name + ".bias", axes, shape_of(axes, l)};
}

StoredLayer exercise_layer(const LayerInfo& l) {
  const int64_t index = level_of(l.resolution);
  std::string name, axes = l.kind == LayerKind::first ? "i o y x" : "o i y x";
  if (l.is_rgb()) {
    name = message("to_rgb.", index);
  } else if (l.resolution == 4) {
    name = l.kind == LayerKind::first ? "blocks.0.conv0" : "blocks.0.conv1";
  } else {
    name = message("blocks.", index, ".conv", is_second(Network::generator, l) ? 2 : 1);
  }
  return {name + ".weight", name + ".bias", axes, shape_of(axes, l)};
}

// open-mmlab/mmgeneration, PGGAN generator: upsampling filters are transposed convolutions, scaled
// by 1 / sqrt(9 out).
StoredLayer mmgeneration_layer(const LayerInfo& l) {
  const int64_t block = 2 * level_of(l.resolution) - 1;  // 8x8: 1
  if (l.kind == LayerKind::first) {
    return {"noise2feat.linear.weight_orig", "noise2feat.bias", "o y x i", {l.out * 16, l.in}};
  }
  std::string name = message("torgb_layers.", level_of(l.resolution), ".conv");
  std::string axes = "o i y x", flip;
  double factor = 1.0;
  if (!l.is_rgb()) {
    const bool up = l.kind == LayerKind::conv_up;
    name = message("conv_blocks.", l.resolution == 4 ? 0 : up ? block : block + 1, ".conv");
    if (up) {
      axes = "i o y x";
      flip = "yx";
      factor = std::sqrt(static_cast<double>(l.out) / static_cast<double>(l.in));
    }
  }
  return {name + ".weight_orig", name + ".bias", axes, shape_of(axes, l), flip, false, factor};
}

StoredLayer stored_layer(Layout layout, Network network, const ModelConfig& m, const LayerInfo& l,
                         int64_t index) {
  switch (layout) {
    case Layout::official_tf:
      return official_tf_layer(m, network, l);
    case Layout::theano:
      return theano_layer(m, l, index);
    case Layout::gan_zoo:
      return gan_zoo_layer(network, l);
    case Layout::akanimax:
      return akanimax_layer(m, network, l);
    case Layout::akanimax_pre3:
      return akanimax_pre3_layer(network, l);
    case Layout::tutorial:
      return tutorial_layer(m, network, l);
    case Layout::exercise:
      return exercise_layer(l);
    case Layout::mmgeneration:
      break;
  }
  return mmgeneration_layer(l);
}

std::string our_axes(LayerKind kind) { return kind == LayerKind::first ? "y x o i" : "o y x i"; }

// The axes of a stored weight, preceded by those of extent 1 that it omits.
std::string all_axes(const std::string& axes) {
  return axes.find('y') == std::string::npos ? "y x " + axes : axes;
}

void append_entries(std::vector<LayoutEntry>& entries, Layout layout, const ModelConfig& model,
                    const LayerInfo& l, const StoredLayer& f) {
  const bool scaled = layout == Layout::theano && model.use_wscale;
  const AxisExtents extents = {{'o', l.out}, {'i', l.in}, {'y', l.size()}, {'x', l.size()}};
  entries.push_back(
      {.ours = l.name + "/weight",
       .parameter = l.weight,
       .foreign = f.weight,
       .foreign_shape = f.shape,
       .indices = gather_indices({all_axes(f.axes), our_axes(l.kind), f.flip}, extents),
       .factor = f.factor});
  if (scaled) {
    const std::string scale = theano_name(std::stoll(f.weight) + 1);
    entries.push_back({.ours = l.name + "/weight",
                       .parameter = l.weight,
                       .foreign = scale,
                       .foreign_shape = {},
                       .indices = {}});
  }
  LayoutEntry bias{.ours = l.name + "/bias",
                   .parameter = l.weight + 1,
                   .foreign = f.bias,
                   .foreign_shape = {l.out},
                   .indices = {}};
  if (f.bias_by_value) bias.foreign_shape = {l.out * 16};
  if (layout == Layout::mmgeneration && l.kind == LayerKind::first) {
    bias.foreign_shape = {1, l.out, 1, 1};
  }
  const AxisExtents by_value = {{'o', l.out}, {'y', 4}, {'x', 4}};
  bias.indices = f.bias_by_value ? gather_indices({"o y x", "y x o", ""}, by_value)
                                 : gather_indices({"o", "o", ""}, {{'o', l.out}});
  entries.push_back(std::move(bias));
}

// The order in which Theano lists layers: ToRGB comes last, from the final resolution down. FromRGB
// of a lower resolution follows the block above it, as it does here.
std::vector<LayerInfo> in_theano_order(Network network, std::vector<LayerInfo> layers) {
  if (network == Network::discriminator) return layers;
  std::vector<LayerInfo> convs, rgbs;
  for (LayerInfo& l : layers) (l.is_rgb() ? rgbs : convs).push_back(std::move(l));
  convs.insert(convs.end(), rgbs.rbegin(), rgbs.rend());
  return convs;
}

}  // namespace

std::string_view layout_name(Layout layout) {
  constexpr std::array<std::string_view, 8> kNames = {
      "official TensorFlow", "Theano",   "GAN zoo",  "akanimax",
      "akanimax before 3.0", "tutorial", "exercise", "mmgeneration"};
  return kNames.at(static_cast<size_t>(layout));
}

std::vector<LayoutEntry> layout_entries(Layout layout, Network network, const ModelConfig& model) {
  const bool g = network == Network::generator;
  const bool only_generator = layout == Layout::exercise || layout == Layout::mmgeneration;
  PG_CHECK(g || !only_generator, UsageError, "the ", layout_name(layout),
           " layout has no discriminator");
  PG_CHECK(model.conditioning != Conditioning::projection, UsageError, "the ", layout_name(layout),
           " layout does not support projection conditioning");
  std::vector<LayerInfo> layers = running_order(network, model);
  if (layout == Layout::theano) layers = in_theano_order(network, std::move(layers));
  std::vector<LayoutEntry> entries;
  for (size_t i = 0; i < layers.size(); ++i) {
    const StoredLayer stored =
        stored_layer(layout, network, model, layers[i], static_cast<int64_t>(i));
    append_entries(entries, layout, model, layers[i], stored);
  }
  return entries;
}

}  // namespace pg
