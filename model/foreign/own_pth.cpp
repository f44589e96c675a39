// own_pth.cpp: a network of any settings for PyTorch, with all that its module needs to know.
#include "model/config/class_names.h"
#include "model/foreign/export.h"
#include "model/foreign/host_array.h"
#include "model/foreign/own_network.h"
#include "model/foreign/torch_writer.h"

namespace pg {
namespace {

// The lowest resolution whose images pass tanh; none: above all.
int64_t tanh_from(const ModelConfig& m) {
  int64_t resolution = kMinResolution;
  while (resolution <= kMaxResolution && !has_tanh(m, resolution)) resolution *= 2;
  return resolution;
}

void write_settings(TorchWriter& w, const ModelConfig& m, const Fade& fade) {
  const auto integer = [&](const char* key, int64_t value) {
    w.key(key);
    w.integer(value);
  };
  const auto boolean = [&](const char* key, bool value) {
    w.key(key);
    w.boolean(value);
  };
  const auto number = [&](const char* key, double value) {
    w.key(key);
    w.number(value);
  };
  w.begin_dict();
  integer("final_resolution", m.resolution);
  integer("trained_resolution", fade.resolution);
  number("alpha", fade.alpha);
  integer("latent_size", latent_size(m));
  integer("label_size", label_count(m));
  boolean("normalize_latents", m.normalize_latents);
  boolean("normalize_labels", m.normalize_labels);
  boolean("use_pixelnorm", m.use_pixelnorm);
  boolean("first_pixelnorm", m.use_pixelnorm && m.first_pixelnorm);
  boolean("activation_first", m.norm_order == NormOrder::activation_first);
  number("epsilon", m.pixelnorm_epsilon);
  number("slope", m.leaky_slope);
  integer("tanh_from", tanh_from(m));
  w.end_dict();
}

void write_texts(TorchWriter& w, const ExportedNetwork& n) {
  const auto text = [&](const char* key, const std::string& value) {
    w.key(key);
    w.text(value);
  };
  text("format", "progan_cuda network");
  text("network", n.name);
  text("config", to_toml(n.config));
  const std::vector<std::string> classes = class_names(n.config);
  if (!classes.empty()) text("classes", class_names_json(classes));
  if (n.looked_at < 0) return;
  text("images_shown", std::to_string(n.images_shown));
  text("looked_at", std::to_string(n.looked_at));
}

}  // namespace

void write_own_pth(const OutputPath& to, const ExportedNetwork& n, const Fade& fade) {
  const ModelConfig& m = n.config.model;
  std::vector<HostArray> arrays;
  TorchWriter w;
  w.begin_dict();
  write_texts(w, n);
  w.key("settings");
  write_settings(w, m, fade);
  w.key("scales");
  w.begin_dict();
  for (size_t i = 0; i < n.parameters.specs().size(); ++i) {
    HostArray array = host_parameter(n.parameters, i);
    w.key(array.name);
    w.number(n.parameters.scale(i));
    const TorchAxes axes = torch_axes(n.kind, m, i);
    array.shape = axes.shape;
    array.values = gathered(array.values, axes.indices);
    arrays.push_back(std::move(array));
  }
  w.end_dict();
  w.key("state_dict");
  w.state_dict(arrays);
  w.end_dict();
  w.write(to);
}

}  // namespace pg
