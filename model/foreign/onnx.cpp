// onnx.cpp: the forward pass of networks/generator.cpp in ONNX operators.
//
// Channels come first, as everywhere in ONNX. Nothing is fused: runtimes do that.
#include "data/files/atomic_file.h"
#include "kernels/error.h"
#include "model/config/class_names.h"
#include "model/foreign/export.h"
#include "model/foreign/host_array.h"
#include "model/foreign/onnx_graph.h"
#include "model/networks/layers.h"

namespace pg {
namespace {

class GeneratorGraph {
 public:
  GeneratorGraph(const ExportedNetwork& network, const Fade& fade)
      : config_(network.config),
        store_(network.parameters),
        layers_(generator_layers(config_.model)),
        fade_(fade) {}

  std::string model();

 private:
  // A parameter times its run-time constant, its elements in another order.
  std::vector<float> values(size_t index, const Rearrangement& axes,
                            const AxisExtents& extents) const;
  const LayerInfo& info(int64_t resolution, LayerKind kind) const {
    return find_layer(layers_, resolution, kind);
  }
  std::string latent();
  std::string base(const std::string& latent);
  std::string layer(const std::string& x, const LayerInfo& l);
  std::string conv(const std::string& x, const LayerInfo& l, const std::string& output = "");
  std::string doubled(const std::string& x);
  std::string to_rgb(const std::string& x, int64_t resolution, const std::string& output = "");
  std::string faded(const std::string& before, const std::string& image, const std::string& output);
  std::string pixel_norm(const std::string& x);
  std::string leaky(const std::string& x);

  const Config& config_;
  const ParameterStore& store_;
  std::vector<LayerInfo> layers_;
  Fade fade_;
  OnnxGraph graph_;
  std::string epsilon_, doubling_;
};

std::vector<float> GeneratorGraph::values(size_t index, const Rearrangement& axes,
                                          const AxisExtents& extents) const {
  std::vector<float> values = host_parameter(store_, index).values;
  multiply(values, store_.scale(index));
  return gathered(values, gather_indices(axes, extents));
}

std::string GeneratorGraph::pixel_norm(const std::string& x) {
  if (epsilon_.empty()) {
    epsilon_ =
        graph_.constant("epsilon", {}, {static_cast<float>(config_.model.pixelnorm_epsilon)});
  }
  const std::string mean =
      graph_.node("ReduceMean", {graph_.node("Mul", {x, x})},
                  {{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{1}}});
  return graph_.node("Div", {x, graph_.node("Sqrt", {graph_.node("Add", {mean, epsilon_})})});
}

std::string GeneratorGraph::leaky(const std::string& x) {
  return graph_.node("LeakyRelu", {x}, {{"alpha", static_cast<float>(config_.model.leaky_slope)}});
}

std::string GeneratorGraph::conv(const std::string& x, const LayerInfo& l,
                                 const std::string& output) {
  const int64_t size = l.size();
  const AxisExtents extents = {{'o', l.out}, {'i', l.in}, {'y', size}, {'x', size}};
  const std::string w = graph_.constant(l.name + "/weight", {l.out, l.in, size, size},
                                        values(l.weight, {"o y x i", "o i y x", ""}, extents));
  const std::string b = graph_.constant(l.name + "/bias", {l.out},
                                        values(l.weight + 1, {"o", "o", ""}, {{'o', l.out}}));
  return graph_.node("Conv", {x, w, b},
                     {{"kernel_shape", std::vector<int64_t>{size, size}},
                      {"pads", std::vector<int64_t>(4, size / 2)}},
                     output);
}

// Nearest upsampling by 2.
std::string GeneratorGraph::doubled(const std::string& x) {
  if (doubling_.empty()) doubling_ = graph_.constant("doubling", {4}, {1.0F, 1.0F, 2.0F, 2.0F});
  return graph_.node("Resize", {x, "", doubling_},
                     {{"coordinate_transformation_mode", std::string("asymmetric")},
                      {"mode", std::string("nearest")},
                      {"nearest_mode", std::string("floor")}});
}

std::string GeneratorGraph::to_rgb(const std::string& x, int64_t resolution,
                                   const std::string& output) {
  return conv(x, info(resolution, LayerKind::to_rgb), output);
}

// (1 - alpha) doubled(before) + alpha image.
std::string GeneratorGraph::faded(const std::string& before, const std::string& image,
                                  const std::string& output) {
  const auto times = [&](const std::string& x, const char* name, double weight) {
    return graph_.node("Mul", {x, graph_.constant(name, {}, {static_cast<float>(weight)})});
  };
  return graph_.node("Add",
                     {times(doubled(before), "weight_before", 1.0 - fade_.alpha),
                      times(image, "weight", fade_.alpha)},
                     {}, output);
}

std::string GeneratorGraph::layer(const std::string& x, const LayerInfo& l) {
  const std::string y = conv(l.kind == LayerKind::conv_up ? doubled(x) : x, l);
  if (!config_.model.use_pixelnorm) return leaky(y);
  const bool activation_first = config_.model.norm_order == NormOrder::activation_first;
  return activation_first ? pixel_norm(leaky(y)) : leaky(pixel_norm(y));
}

std::string GeneratorGraph::latent() {
  const ModelConfig& m = config_.model;
  graph_.input("z", {latent_size(config_)});
  const auto norm = [&](const std::string& x) { return m.normalize_latents ? pixel_norm(x) : x; };
  const int64_t classes = label_count(config_);
  if (classes == 0) return norm("z");
  graph_.input("labels", {classes});
  const auto with_labels = [&](const std::string& x) {
    return graph_.node("Concat", {x, "labels"}, {{"axis", int64_t{1}}});
  };
  return m.normalize_labels ? norm(with_labels("z")) : with_labels(norm("z"));
}

std::string GeneratorGraph::base(const std::string& latent) {
  const ModelConfig& m = config_.model;
  const LayerInfo& l = info(4, LayerKind::first);
  const AxisExtents extents = {{'o', l.out}, {'i', l.in}, {'y', 4}, {'x', 4}};
  const std::string w = graph_.constant(l.name + "/weight", {l.in, l.out * 16},
                                        values(l.weight, {"y x o i", "i o y x", ""}, extents));
  const std::string image = graph_.constant("image_4x4", std::vector<int64_t>{-1, l.out, 4, 4});
  std::string x = graph_.node("Reshape", {graph_.node("MatMul", {latent, w}), image});
  const bool by_value = m.first_bias == FirstBias::value;
  const std::vector<int64_t> shape = {1, l.out, by_value ? 4 : 1, by_value ? 4 : 1};
  const Rearrangement axes =
      by_value ? Rearrangement{"y x o", "o y x", ""} : Rearrangement{"o", "o", ""};
  const AxisExtents pixels = {{'o', l.out}, {'y', 4}, {'x', 4}}, channels = {{'o', l.out}};
  const std::string b = graph_.constant(l.name + "/bias", shape,
                                        values(l.weight + 1, axes, by_value ? pixels : channels));
  x = leaky(graph_.node("Add", {x, b}));
  if (m.use_pixelnorm && m.first_pixelnorm) x = pixel_norm(x);
  return layer(x, info(4, LayerKind::conv));
}

std::string GeneratorGraph::model() {
  const ModelConfig& m = config_.model;
  const int64_t resolution = fade_.resolution;
  std::string x = base(latent()), before;
  for (int64_t r = 8; r <= resolution; r *= 2) {
    before = x;
    x = layer(x, info(r, LayerKind::conv_up));
    x = layer(x, info(r, LayerKind::conv));
  }
  const bool tanh = has_tanh(m, resolution);
  const std::string last = tanh ? "" : "image";  // the name of the output
  x = to_rgb(x, resolution, fade_.fading() ? "" : last);
  if (fade_.fading()) x = faded(to_rgb(before, resolution / 2), x, last);
  if (tanh) graph_.node("Tanh", {x}, {}, "image");
  graph_.output("image", {m.channels, resolution, resolution});
  std::map<std::string, std::string> metadata = {{"config", to_toml(config_)}};
  const std::vector<std::string> classes = class_names(config_);
  if (!classes.empty()) metadata["classes"] = class_names_json(classes);
  return graph_.model("generator", metadata);
}

}  // namespace

void write_generator_onnx(const OutputPath& to, const ExportedNetwork& network, const Fade& fade) {
  PG_CHECK(network.kind == Network::generator, UsageError, network.name,
           " is a discriminator: onnx supports generators only");
  const ModelConfig& m = network.config.model;
  PG_ASSERT(fade.resolution >= 4 && fade.resolution <= m.resolution);
  write_file_atomically(to, GeneratorGraph(network, fade).model());
}

}  // namespace pg
