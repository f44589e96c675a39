// onnx.cpp: the generator, layer by layer as model/generator.cpp has it, in ONNX operators.
//
// Channels come first here, as everywhere in ONNX. Runs once for a file, so clarity goes before
// speed; what the optimizers of runtimes fuse is left to them.
#include <unordered_map>

#include "data/files/atomic_file.h"
#include "kernels/error.h"
#include "model/foreign/export.h"
#include "model/foreign/host_array.h"
#include "model/foreign/onnx_graph.h"
#include "model/networks/generator.h"

namespace pg {
namespace {

class GeneratorGraph {
 public:
  GeneratorGraph(const ExportedNetwork& network, int64_t resolution)
      : config_(network.config), store_(network.parameters), resolution_(resolution) {
    for (size_t i = 0; i < store_.specs().size(); ++i) index_[store_.specs()[i].name] = i;
  }

  std::string model();

 private:
  struct Filter {
    int64_t out, size, in;
  };
  enum class Upsampling { none, nearest };

  // A parameter times its run-time constant, its elements in another order.
  std::vector<float> values(const std::string& name, const Rearrangement& axes,
                            const AxisExtents& extents) const;
  std::string latent();
  std::string base(const std::string& latent);
  std::string layer(const std::string& x, const std::string& name, const Filter& f, Upsampling up);
  std::string conv(const std::string& x, const std::string& name, const Filter& f,
                   const std::string& output = "");
  std::string pixel_norm(const std::string& x);
  std::string leaky(const std::string& x);

  const Config& config_;
  const ParameterStore& store_;
  int64_t resolution_;
  std::unordered_map<std::string, size_t> index_;
  OnnxGraph graph_;
  std::string epsilon_, doubling_;
};

std::vector<float> GeneratorGraph::values(const std::string& name, const Rearrangement& axes,
                                          const AxisExtents& extents) const {
  const size_t i = index_.at(name);
  std::vector<float> values = host_parameter(store_, i).values;
  multiply(values, store_.scale(i));
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

std::string GeneratorGraph::conv(const std::string& x, const std::string& name, const Filter& f,
                                 const std::string& output) {
  const AxisExtents extents = {{'o', f.out}, {'i', f.in}, {'y', f.size}, {'x', f.size}};
  const std::string w =
      graph_.constant(name + "/weight", {f.out, f.in, f.size, f.size},
                      values(name + "/weight", {"o y x i", "o i y x", ""}, extents));
  const std::string b = graph_.constant(name + "/bias", {f.out},
                                        values(name + "/bias", {"o", "o", ""}, {{'o', f.out}}));
  const int64_t pad = f.size / 2;
  return graph_.node("Conv", {x, w, b},
                     {{"kernel_shape", std::vector<int64_t>{f.size, f.size}},
                      {"pads", std::vector<int64_t>(4, pad)}},
                     output);
}

std::string GeneratorGraph::layer(const std::string& x, const std::string& name, const Filter& f,
                                  Upsampling up) {
  std::string y = x;
  if (up == Upsampling::nearest) {
    if (doubling_.empty()) doubling_ = graph_.constant("doubling", {4}, {1.0F, 1.0F, 2.0F, 2.0F});
    y = graph_.node("Resize", {x, "", doubling_},
                    {{"coordinate_transformation_mode", std::string("asymmetric")},
                     {"mode", std::string("nearest")},
                     {"nearest_mode", std::string("floor")}});
  }
  y = conv(y, name, f);
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
  const int64_t width = fmaps(config_, 1), in = latent_size(config_) + label_count(config_);
  const AxisExtents extents = {{'o', width}, {'i', in}, {'y', 4}, {'x', 4}};
  const std::string w =
      graph_.constant("4x4/Dense/weight", {in, width * 16},
                      values("4x4/Dense/weight", {"y x o i", "i o y x", ""}, extents));
  const std::string image = graph_.constant("image_4x4", std::vector<int64_t>{-1, width, 4, 4});
  std::string x = graph_.node("Reshape", {graph_.node("MatMul", {latent, w}), image});
  const bool by_value = m.first_bias == FirstBias::value;
  const std::vector<int64_t> shape = {1, width, by_value ? 4 : 1, by_value ? 4 : 1};
  const Rearrangement axes =
      by_value ? Rearrangement{"y x o", "o y x", ""} : Rearrangement{"o", "o", ""};
  const AxisExtents pixels = {{'o', width}, {'y', 4}, {'x', 4}}, channels = {{'o', width}};
  const std::string b = graph_.constant(
      "4x4/Dense/bias", shape, values("4x4/Dense/bias", axes, by_value ? pixels : channels));
  x = leaky(graph_.node("Add", {x, b}));
  if (m.use_pixelnorm && m.first_pixelnorm) x = pixel_norm(x);
  return layer(x, "4x4/Conv", {width, 3, width}, Upsampling::none);
}

std::string GeneratorGraph::model() {
  const ModelConfig& m = config_.model;
  std::string x = base(latent());
  int64_t width = fmaps(config_, 1);
  for (int64_t r = 8; r <= resolution_; r *= 2) {
    const int64_t out = fmaps(config_, stage_of(r));
    x = layer(x, layer_name(r, "Conv0_up"), {out, 3, width}, Upsampling::nearest);
    x = layer(x, layer_name(r, "Conv1"), {out, 3, out}, Upsampling::none);
    width = out;
  }
  const bool tanh = m.output_activation == OutputActivation::tanh ||
                    (m.output_activation == OutputActivation::tanh_above_4x4 && resolution_ > 4);
  const Filter to_rgb{m.channels, 1, width};
  x = conv(x, layer_name(resolution_, "ToRGB"), to_rgb, tanh ? "" : "image");
  if (tanh) graph_.node("Tanh", {x}, {}, "image");
  graph_.output("image", {m.channels, resolution_, resolution_});
  return graph_.model("generator", {{"config", to_toml(config_)}});
}

}  // namespace

void write_generator_onnx(const std::filesystem::path& path, const ExportedNetwork& network,
                          int64_t resolution) {
  PG_CHECK(network.kind == Network::generator, UsageError, "the network ", network.name,
           " is a discriminator, and only generators are exported as onnx");
  const ModelConfig& m = network.config.model;
  PG_ASSERT(resolution >= 4 && resolution <= m.resolution);
  write_file_atomically(path, GeneratorGraph(network, resolution).model());
}

}  // namespace pg
