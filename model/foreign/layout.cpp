// layout.cpp: the tables of names and axes.
//
// Axes: o outputs, i inputs, y x pixels of a filter. Ours: filters and the last dense layers are
// "o y x i", the first dense layer is "y x o i", since activations are channels-last.
#include "model/foreign/layout.h"

#include <array>
#include <cmath>

#include "kernels/error.h"
#include "model/networks/generator.h"

namespace pg {
namespace {

// What a layer is to the tables: the shapes of its axes, and which of ours it is.
enum class Kind { first, conv, rgb, flat, last };

struct Layer {
  int64_t resolution;
  std::string name;  // ours: "8x8/Conv1"
  Kind kind;
  int64_t out, in, size;  // channels, and the height of the filter or the 4x4 image
};

// Ours, from the first to the last, as the networks run at their final resolution.
std::vector<Layer> generator_layers(const Config& c) {
  std::vector<Layer> layers;
  const int64_t latent = latent_size(c) + label_count(c), base = fmaps(c, 1);
  layers.push_back({4, "4x4/Dense", Kind::first, base, latent, 4});
  layers.push_back({4, "4x4/Conv", Kind::conv, base, base, 3});
  layers.push_back({4, "4x4/ToRGB", Kind::rgb, c.model.channels, base, 1});
  for (int64_t r = 8; r <= c.model.resolution; r *= 2) {
    const std::string at = message(r, "x", r, "/");
    const int64_t in = fmaps(c, stage_of(r / 2)), out = fmaps(c, stage_of(r));
    layers.push_back({r, at + "Conv0_up", Kind::conv, out, in, 3});
    layers.push_back({r, at + "Conv1", Kind::conv, out, out, 3});
    layers.push_back({r, at + "ToRGB", Kind::rgb, c.model.channels, out, 1});
  }
  return layers;
}

std::vector<Layer> discriminator_layers(const Config& c) {
  std::vector<Layer> layers;
  for (int64_t r = c.model.resolution; r >= 4; r /= 2) {
    const std::string at = message(r, "x", r, "/");
    const int64_t wide = fmaps(c, stage_of(r)), next = fmaps(c, stage_of(r / 2));
    layers.push_back({r, at + "FromRGB", Kind::rgb, wide, c.model.channels, 1});
    if (r == 4) break;
    const int64_t middle = c.model.narrow_at == NarrowAt::second ? wide : next;
    layers.push_back({r, at + "Conv0", Kind::conv, middle, wide, 3});
    layers.push_back({r, at + "Conv1_down", Kind::conv, next, middle, 3});
  }
  const int64_t base = fmaps(c, 1), last = fmaps(c, 0);
  const int64_t extra = c.model.mbstd_group_size > 0 ? 1 : 0;
  const int64_t outputs = c.model.conditioning == Conditioning::acgan ? 1 + label_count(c) : 1;
  layers.push_back({4, "4x4/Conv", Kind::conv, base, base + extra, 3});
  layers.push_back({4, "4x4/Dense0", Kind::flat, last, base, 4});
  layers.push_back({4, "4x4/Dense1", Kind::last, outputs, last, 1});
  return layers;
}

// How a version writes a layer.
struct Form {
  std::string weight, bias;    // names
  std::string axes;            // of the weight
  std::vector<int64_t> shape;  // of the weight
  std::string flip{};
  bool bias_by_value = false;
  double factor = 1.0;
};

std::vector<int64_t> shape_of(const std::string& axes, const Layer& l) {
  std::vector<int64_t> shape;
  for (const char a : axes) {
    if (a != ' ') shape.push_back(a == 'o' ? l.out : a == 'i' ? l.in : l.size);
  }
  return shape;
}

std::string foot(const Layer& l, const std::string& name) {
  return message(l.resolution, "x", l.resolution, "/", name);
}

int64_t lod_of(const Config& c, int64_t resolution) {
  return stage_of(c.model.resolution) - stage_of(resolution);
}

bool ends_with(const Layer& l, const char* name) { return l.name.ends_with(name); }

// tkarras/progressive_growing_of_gans, networks.py: filters [y, x, in, out], but Conv0_up
// [y, x, out, in] and mirrored, since it is a transposed convolution.
Form official_tf_form(const Config& c, Network network, const Layer& l) {
  const bool fused = c.model.down_order == DownOrder::pool_first;
  std::string name = l.name;
  std::string axes = "y x i o", flip;
  if (l.kind == Kind::rgb) {
    name = message(network == Network::generator ? "ToRGB_lod" : "FromRGB_lod",
                   lod_of(c, l.resolution));
  } else if (ends_with(l, "Conv0_up")) {
    if (fused) {
      axes = "y x o i";
      flip = "yx";
    } else {
      name = foot(l, "Conv0");
    }
  } else if (ends_with(l, "Conv1_down") && !fused) {
    name = foot(l, "Conv1");
  }
  std::vector<int64_t> shape = shape_of(axes, l);
  if (l.kind == Kind::first) {
    axes = "i o y x";
    shape = {l.in, l.out * 16};
  } else if (l.kind == Kind::flat) {
    axes = "i y x o";
    shape = {l.in * 16, l.out};
  } else if (l.kind == Kind::last) {
    axes = "i o";
    shape = {l.in, l.out};
  }
  return {name + "/weight", name + "/bias", axes, shape, flip};
}

// The branch original-theano-version, network.py: true convolutions, so filters are mirrored.
// A file lists weight, scale (with equalized learning rate) and bias of each layer.
std::string theano_name(int64_t number) {
  std::string text = std::to_string(number);
  return std::string(text.size() < 3 ? 3 - text.size() : 0, '0') + text;
}

Form theano_form(const Config& c, const Layer& l, int64_t index) {
  const int64_t each = c.model.use_wscale ? 3 : 2, first = index * each;
  std::string axes = "o i y x", flip = "yx";
  if (l.kind == Kind::first) flip = "";
  if (l.kind == Kind::rgb || l.kind == Kind::last) {
    axes = "i o";
    flip = "";
  }
  return {theano_name(first), theano_name(first + each - 1), axes, shape_of(axes, l), flip};
}

// facebookresearch/pytorch_GAN_zoo, models/networks/progressive_conv_net.py.
Form gan_zoo_form(Network network, const Layer& l) {
  const int64_t scale = stage_of(l.resolution) - 1;  // 0: 4x4
  std::string name, axes = "o i y x";
  std::vector<int64_t> shape = shape_of(axes, l);
  bool by_value = false;
  if (l.kind == Kind::first) {
    name = "formatLayer.module";
    axes = "o y x i";
    shape = {l.out * 16, l.in};
    by_value = true;
  } else if (l.kind == Kind::rgb) {
    name = message(network == Network::generator ? "toRGBLayers." : "fromRGBLayers.", scale,
                   ".module");
  } else if (l.kind == Kind::flat) {
    name = "groupScaleZero.1.module";
    shape = {l.out, l.in * 16};
  } else if (l.kind == Kind::last) {
    name = "decisionLayer.module";
    axes = "o i";
    shape = {l.out, l.in};
  } else if (l.resolution == 4) {
    name = network == Network::generator ? "groupScale0.0.module" : "groupScaleZero.0.module";
  } else {
    const int64_t second = ends_with(l, "Conv1") || ends_with(l, "Conv1_down") ? 1 : 0;
    name = message("scaleLayers.", scale - 1, ".", second, ".module");
  }
  return {name + ".weight", name + ".bias", axes, shape, "", by_value};
}

// akanimax/pro_gan_pytorch 3.x, networks.py: the discriminator counts from the top.
Form akanimax_form(const Config& c, Network network, const Layer& l) {
  const bool g = network == Network::generator;
  const int64_t index = g ? stage_of(l.resolution) - 1 : lod_of(c, l.resolution);
  std::string name, axes = l.kind == Kind::first ? "i o y x" : "o i y x";
  if (l.kind == Kind::rgb) {
    name = g ? message("rgb_converters.", index) : message("from_rgb.", index, ".0");
  } else {
    int64_t conv = ends_with(l, "Conv1") || ends_with(l, "Conv1_down") ? 2 : 1;
    if (g && l.resolution == 4) conv = l.kind == Kind::first ? 1 : 2;
    if (l.kind == Kind::flat) conv = 2;
    if (l.kind == Kind::last) conv = 3;
    name = message("layers.", index, ".conv_", conv);
  }
  std::vector<int64_t> shape = shape_of(axes, l);
  return {name + ".weight", name + ".bias", axes, shape};
}

// The same before 3.0: 4x4 is a block of its own name, and the discriminator counts from below.
Form akanimax_pre3_form(Network network, const Layer& l) {
  const bool g = network == Network::generator;
  const int64_t level = stage_of(l.resolution) - 1;
  const std::string axes = l.kind == Kind::first ? "i o y x" : "o i y x";
  std::string name;
  if (l.kind == Kind::rgb) {
    name = message(g ? "rgb_converters." : "rgb_to_features.", level);
  } else {
    int64_t conv = ends_with(l, "Conv1") || ends_with(l, "Conv1_down") ? 2 : 1;
    if (g && l.resolution == 4) conv = l.kind == Kind::first ? 1 : 2;
    if (l.kind == Kind::flat) conv = 2;
    if (l.kind == Kind::last) conv = 3;
    const std::string block = level > 0 ? message("layers.", level - 1)
                              : g       ? "initial_block"
                                        : "final_block";
    name = message(block, ".conv_", conv);
  }
  return {name + ".weight", name + ".bias", axes, shape_of(axes, l)};
}

// The tutorial (aladdinpersson/Machine-Learning-Collection, ProGAN/model.py). readme-hq ends with
// Flatten and Linear, whose place in the head is one further.
Form tutorial_form(const Config& c, Network network, const Layer& l) {
  const bool g = network == Network::generator;
  const int64_t index = g ? stage_of(l.resolution) - 2 : lod_of(c, l.resolution);
  std::string name, axes = "o i y x";
  if (l.kind == Kind::first) {
    axes = "i o y x";
    return {"initial.1.weight", "initial.1.bias", axes, shape_of(axes, l)};
  }
  if (l.kind == Kind::last && !c.model.last_wscale) {
    return {"final_block.5.weight", "final_block.5.bias", "o i", {l.out, l.in}};
  }
  if (l.kind == Kind::rgb) {
    name = message("rgb_layers.", g ? index + 1 : index);
  } else if (l.kind == Kind::flat) {
    name = "final_block.2";
  } else if (l.kind == Kind::last) {
    name = "final_block.4";
  } else if (l.resolution == 4) {
    name = g ? "initial.3" : "final_block.0";
  } else {
    const int64_t conv = ends_with(l, "Conv1") || ends_with(l, "Conv1_down") ? 2 : 1;
    name = message("prog_blocks.", index, ".conv", conv);
  }
  return {name + ".conv.weight", name + ".bias", axes, shape_of(axes, l)};
}

Form exercise_form(const Layer& l) {
  const int64_t index = stage_of(l.resolution) - 1;
  std::string name, axes = l.kind == Kind::first ? "i o y x" : "o i y x";
  if (l.kind == Kind::rgb) {
    name = message("to_rgb.", index);
  } else if (l.resolution == 4) {
    name = l.kind == Kind::first ? "blocks.0.conv0" : "blocks.0.conv1";
  } else {
    name = message("blocks.", index, ".conv", ends_with(l, "Conv1") ? 2 : 1);
  }
  return {name + ".weight", name + ".bias", axes, shape_of(axes, l)};
}

// open-mmlab/mmgeneration, PGGAN generator: upsampling filters are transposed convolutions, scaled
// by 1 / sqrt(9 out).
Form mmgeneration_form(const Layer& l) {
  const int64_t block = 2 * stage_of(l.resolution) - 3;  // 8x8: 1
  if (l.kind == Kind::first) {
    return {"noise2feat.linear.weight_orig", "noise2feat.bias", "o y x i", {l.out * 16, l.in}};
  }
  std::string name = message("torgb_layers.", stage_of(l.resolution) - 1, ".conv");
  std::string axes = "o i y x", flip;
  double factor = 1.0;
  if (l.kind == Kind::conv) {
    const bool up = ends_with(l, "Conv0_up");
    name = message("conv_blocks.", l.resolution == 4 ? 0 : up ? block : block + 1, ".conv");
    if (up) {
      axes = "i o y x";
      flip = "yx";
      factor = std::sqrt(static_cast<double>(l.out) / static_cast<double>(l.in));
    }
  }
  return {name + ".weight_orig", name + ".bias", axes, shape_of(axes, l), flip, false, factor};
}

Form form_of(Layout layout, Network network, const Config& c, const Layer& l, int64_t index) {
  switch (layout) {
    case Layout::official_tf:
      return official_tf_form(c, network, l);
    case Layout::theano:
      return theano_form(c, l, index);
    case Layout::gan_zoo:
      return gan_zoo_form(network, l);
    case Layout::akanimax:
      return akanimax_form(c, network, l);
    case Layout::akanimax_pre3:
      return akanimax_pre3_form(network, l);
    case Layout::tutorial:
      return tutorial_form(c, network, l);
    case Layout::exercise:
      return exercise_form(l);
    case Layout::mmgeneration:
      break;
  }
  return mmgeneration_form(l);
}

std::string our_axes(Kind kind) { return kind == Kind::first ? "y x o i" : "o y x i"; }

// The foreign letters, with the axes of extent 1 that it leaves out put in front.
std::string all_axes(const std::string& axes) {
  return axes.find('y') == std::string::npos ? "y x " + axes : axes;
}

void append_entries(std::vector<LayoutEntry>& entries, Layout layout, const Config& config,
                    const Layer& l, const Form& f) {
  const bool scaled = layout == Layout::theano && config.model.use_wscale;
  const AxisExtents extents = {{'o', l.out}, {'i', l.in}, {'y', l.size}, {'x', l.size}};
  entries.push_back(
      {.ours = l.name + "/weight",
       .foreign = f.weight,
       .foreign_shape = f.shape,
       .indices = gather_indices({all_axes(f.axes), our_axes(l.kind), f.flip}, extents),
       .factor = f.factor});
  if (scaled) {
    const std::string scale = theano_name(std::stoll(f.weight) + 1);
    entries.push_back(
        {.ours = l.name + "/weight", .foreign = scale, .foreign_shape = {}, .indices = {}});
  }
  LayoutEntry bias{
      .ours = l.name + "/bias", .foreign = f.bias, .foreign_shape = {l.out}, .indices = {}};
  if (f.bias_by_value) bias.foreign_shape = {l.out * 16};
  if (layout == Layout::mmgeneration && l.kind == Kind::first) {
    bias.foreign_shape = {1, l.out, 1, 1};
  }
  const AxisExtents by_value = {{'o', l.out}, {'y', 4}, {'x', 4}};
  bias.indices = f.bias_by_value ? gather_indices({"o y x", "y x o", ""}, by_value)
                                 : gather_indices({"o", "o", ""}, {{'o', l.out}});
  entries.push_back(std::move(bias));
}

// The order in which Theano lists its layers: RGB layers of the generator come last, from the final
// resolution down.
std::vector<Layer> in_theano_order(Network network, std::vector<Layer> layers) {
  if (network == Network::discriminator) {
    // FromRGB of a lower resolution follows the block above it, as it does here.
    return layers;
  }
  std::vector<Layer> convs, rgbs;
  for (Layer& l : layers) (l.kind == Kind::rgb ? rgbs : convs).push_back(std::move(l));
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

std::vector<LayoutEntry> layout_entries(Layout layout, Network network, const Config& config) {
  const bool g = network == Network::generator;
  const bool only_generator = layout == Layout::exercise || layout == Layout::mmgeneration;
  PG_CHECK(g || !only_generator, UsageError, "the ", layout_name(layout),
           " layout has no discriminator");
  PG_CHECK(config.model.conditioning != Conditioning::projection, UsageError, "the ",
           layout_name(layout), " layout has no place for projection conditioning");
  std::vector<Layer> layers = g ? generator_layers(config) : discriminator_layers(config);
  if (layout == Layout::theano) layers = in_theano_order(network, std::move(layers));
  std::vector<LayoutEntry> entries;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Form form = form_of(layout, network, config, layers[i], static_cast<int64_t>(i));
    append_entries(entries, layout, config, layers[i], form);
  }
  return entries;
}

}  // namespace pg
