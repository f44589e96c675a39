// recognise.cpp: names that identify layouts, and channels from shapes.
#include "model/foreign/recognise.h"

#include "data/files/shown.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

struct Sign {
  const char* name;
  Recognised what;
};

// In this order: a name may occur in a later layout too.
constexpr Sign kSigns[] = {
    {"noise2feat.bias", {Layout::mmgeneration, Network::generator}},
    {"formatLayer.module.weight", {Layout::gan_zoo, Network::generator}},
    {"decisionLayer.module.weight", {Layout::gan_zoo, Network::discriminator}},
    {"initial_block.conv_1.weight", {Layout::akanimax_pre3, Network::generator}},
    {"final_block.conv_1.weight", {Layout::akanimax_pre3, Network::discriminator}},
    {"rgb_converters.0.weight", {Layout::akanimax, Network::generator}},
    {"from_rgb.0.0.weight", {Layout::akanimax, Network::discriminator}},
    {"initial.1.weight", {Layout::tutorial, Network::generator}},
    {"final_block.0.conv.weight", {Layout::tutorial, Network::discriminator}},
    {"blocks.0.conv0.weight", {Layout::exercise, Network::generator}},
    {"4x4/Dense/weight", {Layout::official_tf, Network::generator}},
    {"4x4/Dense0/weight", {Layout::official_tf, Network::discriminator}},
    {"000", {Layout::theano, Network::generator}},
};

int64_t elements(const NamedTensors& tensors, const std::string& name, const std::string& file) {
  const auto it = tensors.find(name);
  PG_CHECK(it != tensors.end(), FormatError, "'", file, "' has no parameter '", name, "'");
  return it->second.elements();
}

// Foreign names by ours, at a resolution.
std::map<std::string, std::string> names_at(const Recognised& what, ModelConfig model,
                                            int64_t resolution) {
  model.resolution = resolution;
  model.channels = 3;
  // Names do not depend on sizes, and small tables are fast to make.
  model.fmap_max = model.fmap_base = 1;
  model.latent_size = 1;
  std::map<std::string, std::string> names;
  for (const LayoutEntry& e : layout_entries(what.layout, what.network, model)) {
    if (!e.indices.empty()) names[e.ours] = e.foreign;
  }
  return names;
}

bool has_all(const NamedTensors& tensors, const std::map<std::string, std::string>& names) {
  for (const auto& [ours, foreign] : names) {
    if (!tensors.contains(foreign)) return false;
  }
  return true;
}

int64_t resolution_of(const Recognised& what, const NamedTensors& tensors, const ModelConfig& model,
                      const std::string& file) {
  for (int64_t r = kMaxResolution; r >= kMinResolution; r /= 2) {
    if (has_all(tensors, names_at(what, model, r))) return r;
  }
  const auto names = names_at(what, model, kMinResolution);
  for (const auto& [ours, foreign] : names) elements(tensors, foreign, file);
  throw FormatError(message("'", file, "' holds no complete network"));
}

// Finds fmap_max and fmap_base with these channels at 4x4, 8x8, ... Channels that are cut to
// fmap_max or raised to 1 say little about the base, so the guess from each resolution is tried.
void set_channels(const std::vector<int64_t>& channels, const std::string& file, ModelConfig& m) {
  m.fmap_max = channels.front();
  const auto fits = [&] {
    for (size_t i = 0; i < channels.size(); ++i) {
      if (fmaps(m, static_cast<int64_t>(i) + 1) != channels[i]) return false;
    }
    return true;
  };
  for (size_t i = channels.size(); i-- > 0;) {
    m.fmap_base = channels[i] << (i + 1);
    if (fits()) return;
  }
  throw FormatError(message(
      "'", file, "': no fmap_base and fmap_max give its channels from 4x4 on: ", joined(channels)));
}

}  // namespace

NamedTensors with_plain_names(const NamedTensors& tensors) {
  NamedTensors plain;
  for (const auto& [given, tensor] : tensors) {
    std::string name = given;
    if (name.starts_with("module.")) name.erase(0, 7);
    const bool zoo = name.starts_with("formatLayer.") || name.starts_with("groupScale") ||
                     name.starts_with("scaleLayers.") || name.starts_with("toRGBLayers.") ||
                     name.starts_with("fromRGBLayers.") || name.starts_with("decisionLayer.");
    const size_t last = name.rfind('.');
    if (zoo && name.find(".module.") == std::string::npos) name.insert(last, ".module");
    plain.insert_or_assign(name, tensor);
  }
  return plain;
}

std::optional<Recognised> recognise(const NamedTensors& tensors) {
  for (const Sign& sign : kSigns) {
    if (tensors.contains(sign.name)) return sign.what;
  }
  return std::nullopt;
}

void size_from_shapes(const Recognised& what, const NamedTensors& tensors, const std::string& file,
                      Config& config) {
  const int64_t resolution = resolution_of(what, tensors, config.model, file);
  const auto names = names_at(what, config.model, resolution);
  const auto count = [&](const std::string& ours) {
    return elements(tensors, names.at(ours), file);
  };
  const bool g = what.network == Network::generator;
  std::vector<int64_t> channels;  // at 4x4, 8x8, ...
  for (int64_t r = 4; r <= resolution; r *= 2) {
    const std::string at = message(r, "x", r, "/");
    channels.push_back(count(at + (g ? (r == 4 ? "Conv/bias" : "Conv1/bias") : "FromRGB/bias")));
  }
  ModelConfig& m = config.model;
  m.resolution = resolution;
  if (g) {
    m.channels = count("4x4/ToRGB/bias");
  } else {
    m.channels = count("4x4/FromRGB/weight") / channels.front();
  }
  set_channels(channels, file, m);
  if (g) m.latent_size = count("4x4/Dense/weight") / (16 * channels.front()) - label_count(config);
}

}  // namespace pg
