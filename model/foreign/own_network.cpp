// own_network.cpp: exported networks of both formats, and the axes of PyTorch.
#include "model/foreign/own_network.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "data/formats/json.h"
#include "kernels/error.h"

namespace pg {
namespace {

// The texts and numbers of a file beside its tensors.
struct Facts {
  Metadata texts;
  std::map<std::string, double> scales;
  NamedTensors tensors;
};

Facts facts_of_safetensors(const ForeignFile& file) {
  Facts facts{.texts = file.metadata(), .scales = {}, .tensors = file.tensors()};
  const auto scales = facts.texts.find("scales");
  if (scales == facts.texts.end()) return facts;
  const nlohmann::json json = parse_json_or_discard(scales->second);
  if (!json.is_object()) return facts;
  for (const auto& [name, scale] : json.items()) {
    if (scale.is_number()) facts.scales[name] = scale.get<double>();
  }
  return facts;
}

Facts facts_of_torch(const ForeignFile& file) {
  Facts facts;
  const PickleValue root = file.root();
  for (int64_t i = 0; i < root.size(); ++i) {
    const PickleValue key = root.key(i), value = root.value(i);
    if (key.kind() != PickleKind::text || value.kind() != PickleKind::text) continue;
    facts.texts[std::string(key.text())] = std::string(value.text());
  }
  const PickleValue scales = root.at("scales");
  for (int64_t i = 0; i < scales.size(); ++i) {
    facts.scales[std::string(scales.key(i).text())] = scales.value(i).number();
  }
  facts.tensors = file.state_dict(root.at("state_dict"));
  return facts;
}

bool is_ours(const ForeignFile& file) {
  if (file.form() == ForeignForm::safetensors) {
    const Metadata& m = file.metadata();
    const auto format = m.find("format"), layout = m.find("layout");
    return format != m.end() && format->second == "progan_cuda network" && layout != m.end() &&
           layout->second == "progan_cuda";
  }
  if (file.form() != ForeignForm::torch_zip) return false;
  const PickleValue root = file.root();
  if (root.kind() != PickleKind::dict) return false;
  const auto format = root.find("format");
  return format && format->kind() == PickleKind::text && format->text() == "progan_cuda network";
}

std::string text_at(const Facts& facts, const char* key, const std::string& file) {
  const auto entry = facts.texts.find(key);
  PG_CHECK(entry != facts.texts.end(), FormatError, "'", file, "': ", key,
           " is missing; export the network again");
  return entry->second;
}

int64_t count_at(const Facts& facts, const char* key) {
  const auto entry = facts.texts.find(key);
  int64_t value = -1;
  if (entry == facts.texts.end()) return value;
  const std::string& text = entry->second;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = end.ec == std::errc{} && end.ptr == text.data() + text.size();
  return good && value >= 0 && value <= 1'000'000'000'000'000 ? value : -1;
}

std::vector<float> values_of(const Facts& facts, const ParameterSpec& spec,
                             const std::vector<int64_t>& order, const std::string& file) {
  const auto found = facts.tensors.find(spec.name);
  PG_CHECK(found != facts.tensors.end(), FormatError, "'", file, "' has no parameter '", spec.name,
           "'");
  PG_CHECK(found->second.elements() == spec.shape.numel(), FormatError, "'", file, "': parameter '",
           spec.name, "': expected ", spec.shape.numel(), " elements, got ",
           found->second.elements());
  const std::vector<float> values = found->second.floats();
  const bool finite =
      std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  PG_CHECK(finite, FormatError, "'", file, "': parameter '", spec.name,
           "': expected finite numbers");
  return gathered(values, inverse(order));
}

double factor_of(const Facts& facts, const ParameterSpec& spec, const std::string& file) {
  const auto found = facts.scales.find(spec.name);
  const double scale = found == facts.scales.end() ? 0.0 : found->second;
  PG_CHECK(scale > 0 && std::isfinite(scale), FormatError, "'", file,
           "': scales: expected a number above 0 for ", spec.name, "; export the network again");
  return scale == spec.scale ? 1.0 : scale / spec.scale;
}

std::vector<int64_t> unchanged(int64_t count) {
  std::vector<int64_t> indices(static_cast<size_t>(count));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

}  // namespace

TorchAxes torch_axes(Network network, const ModelConfig& model, size_t index) {
  const std::vector<LayerInfo> layers = layers_of(network, model);
  const auto layer = std::find_if(layers.rbegin(), layers.rend(),
                                  [&](const LayerInfo& l) { return l.weight <= index; });
  const LayerInfo& l = *layer;
  const int64_t n = l.size();
  const AxisExtents extents = {{'o', l.out}, {'i', l.in}, {'y', n}, {'x', n}};
  if (index != l.weight) {
    if (l.bias == l.out) return {{l.out}, unchanged(l.bias)};
    return {{l.out, n, n},
            gather_indices({"y x o", "o y x", ""}, {{'o', l.out}, {'y', n}, {'x', n}})};
  }
  switch (l.kind) {
    case LayerKind::first:
      return {{l.out * n * n, l.in}, gather_indices({"y x o i", "o y x i", ""}, extents)};
    case LayerKind::flat:
      return {{l.out, l.in * n * n}, gather_indices({"o y x i", "o i y x", ""}, extents)};
    case LayerKind::last:
    case LayerKind::embedding:
      return {{l.out, l.in}, unchanged(l.out * l.in)};
    default:
      return {{l.out, l.in, n, n}, gather_indices({"o y x i", "o i y x", ""}, extents)};
  }
}

std::optional<OwnNetwork> own_network(const ForeignFile& file) {
  if (!is_ours(file)) return std::nullopt;
  const bool torch = file.form() == ForeignForm::torch_zip;
  const std::string path = file.path().string();
  const Facts facts = torch ? facts_of_torch(file) : facts_of_safetensors(file);
  OwnNetwork n;
  n.name = text_at(facts, "network", path);
  PG_CHECK(n.name == "G" || n.name == "Gs" || n.name == "D", FormatError, "'", path,
           "': network: expected G, Gs or D; export the network again");
  n.config = config_from_toml(text_at(facts, "config", path), path);
  n.images_shown = count_at(facts, "images_shown");
  n.looked_at = count_at(facts, "looked_at");
  const Network kind = n.name == "D" ? Network::discriminator : Network::generator;
  const std::vector<ParameterSpec> specs = parameter_specs(kind, n.config.model);
  for (size_t i = 0; i < specs.size(); ++i) {
    const std::vector<int64_t> order =
        torch ? torch_axes(kind, n.config.model, i).indices : unchanged(specs[i].shape.numel());
    n.parameters.push_back(values_of(facts, specs[i], order, path));
    n.factors.push_back(factor_of(facts, specs[i], path));
  }
  return n;
}

std::vector<std::string> load_own_networks(const std::vector<OwnNetwork>& networks, Gan& gan) {
  const auto find = [&](const std::string& name) -> const OwnNetwork* {
    const auto it = std::ranges::find(networks, name, &OwnNetwork::name);
    return it == networks.end() ? nullptr : &*it;
  };
  PG_CHECK(find("G") != nullptr || find("Gs") != nullptr, UsageError,
           "the files hold only a discriminator; give the file of the generator too");
  std::vector<std::string> names;
  for (const auto& [name, store] : gan.state().networks()) {
    const OwnNetwork* n = find(name);
    if (n != nullptr) names.push_back(name);
    if (n == nullptr && name != "D") n = find(name == "G" ? "Gs" : "G");
    if (n == nullptr) continue;
    const std::vector<Tensor> views = store->all();
    for (size_t i = 0; i < views.size(); ++i) {
      from_host(views[i], std::vector<double>(n->parameters[i].begin(), n->parameters[i].end()));
    }
    store->set_factors(n->factors);
  }
  return names;
}

}  // namespace pg
