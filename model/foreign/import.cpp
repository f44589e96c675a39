// import.cpp: the values of a file as networks.
#include "model/foreign/import.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "model/config/schedule.h"
#include "model/foreign/recognise.h"
#include "model/networks/layers.h"

namespace pg {
namespace {

constexpr const char* kKnown =
    "official TensorFlow or Theano pickles, and weights of GAN zoo, akanimax, the tutorial, the "
    "exercise and mmgeneration";

enum class Role { g, ema, d, unknown };

// One network of a file, with the configuration that its file implies.
struct Found {
  Role role = Role::unknown;
  NamedTensors tensors;
  Recognised what{};
  Config config;
};

Config preset_of(Layout layout) {
  switch (layout) {
    case Layout::official_tf:
    case Layout::mmgeneration:
      return preset("official-tf");
    case Layout::theano:
      return preset("paper");
    case Layout::gan_zoo:
      return preset("gan-zoo");
    case Layout::akanimax:
      return preset("akanimax");
    case Layout::tutorial:
      return preset("tutorial");
    case Layout::exercise:
      return preset("exercise");
    case Layout::akanimax_pre3:
      break;
  }
  Config c = preset("akanimax");
  c.model.normalize_latents = false;
  c.model.from_rgb_activation = false;
  c.model.mbstd_group_size = 65536;
  return c;
}

class Reader {
 public:
  explicit Reader(const ForeignFile& file) : file_(file) {}

  std::vector<Found> networks() {
    if (file_.form() == ForeignForm::safetensors) {
      const auto format = file_.metadata().find("format");
      PG_CHECK(format == file_.metadata().end() || format->second != "progan_cuda checkpoint",
               FormatError, "'", name(),
               "' is a checkpoint of this program; use it directly, without import");
      add(Role::unknown, file_.tensors());
    } else if (file_.form() == ForeignForm::pickle) {
      add_pickle();
    } else {
      add_torch(file_.root());
    }
    PG_CHECK(!found_.empty(), FormatError, "'", name(), "' holds no known network: expected ",
             kKnown);
    return std::move(found_);
  }

  std::optional<double> lod() const { return lod_; }

 private:
  std::string name() const { return file_.path().string(); }

  // (G, D, Gs) of the official versions, each an object of a class Network.
  void add_pickle() {
    const PickleValue root = file_.root();
    const bool three = root.kind() == PickleKind::tuple || root.kind() == PickleKind::list;
    PG_CHECK((three && root.size() == 3) || root.kind() == PickleKind::object, FormatError, "'",
             name(), "': expected the networks (G, D, Gs), got ", name_of(root.kind()));
    if (!three) return add_network(Role::unknown, root);
    constexpr Role kRoles[] = {Role::g, Role::d, Role::ema};
    for (int64_t i = 0; i < 3; ++i) add_network(kRoles[i], root.item(i));
  }

  void add_network(Role role, const PickleValue& network) {
    PG_CHECK(network.kind() == PickleKind::object, FormatError, "'", name(),
             "': expected a network, got ", name_of(network.kind()));
    NamedTensors tensors;
    if (const auto variables = network.find("variables")) {
      for (auto& [variable, tensor] : file_.variables(*variables)) {
        tensors.insert_or_assign(variable, tensor);
      }
    } else {
      const std::vector<HostTensor> values = file_.tensor_list(network.at("param_values"));
      for (size_t i = 0; i < values.size(); ++i) {
        char number[24];
        std::snprintf(number, sizeof number, "%03zu", i);
        tensors.insert_or_assign(number, values[i]);
      }
    }
    const auto kwargs = network.find("static_kwargs");
    const auto spec = network.find("build_func_spec");
    add(role, tensors, kwargs ? kwargs : spec);
    if (found_.back().what.layout == Layout::theano && role == Role::d) {
      found_.back().what.network = Network::discriminator;
    }
    if (tensors.contains("lod")) lod_ = tensors.at("lod").floats().at(0);
  }

  // The dictionaries of the PyTorch versions.
  void add_torch(const PickleValue& root) {
    PG_CHECK(root.kind() == PickleKind::dict, FormatError, "'", name(),
             "': expected named weights, got ", name_of(root.kind()));
    struct Place {
      const char* key;
      Role role;
    };
    constexpr Place kPlaces[] = {{"netG", Role::g},          {"netD", Role::d},
                                 {"avgG", Role::ema},        {"generator", Role::g},
                                 {"discriminator", Role::d}, {"shadow_generator", Role::ema}};
    bool any = false;
    for (const Place& place : kPlaces) {
      const auto value = root.find(place.key);
      if (!value || value->kind() != PickleKind::dict) continue;
      const auto inner = value->find("state_dict");
      add(place.role, file_.state_dict(inner ? *inner : *value),
          inner ? value->find("conf") : root.find("config"));
      any = true;
    }
    if (any) return;
    const auto inner = root.find("state_dict");
    add_state_dict(file_.state_dict(inner ? *inner : root));
  }

  // A single network, or those of mmgeneration, with prefixes.
  void add_state_dict(const NamedTensors& all) {
    NamedTensors g, ema, rest;
    for (const auto& [key, tensor] : all) {
      if (key.starts_with("generator_ema.")) {
        ema.insert_or_assign(key.substr(14), tensor);
      } else if (key.starts_with("generator.")) {
        g.insert_or_assign(key.substr(10), tensor);
      } else {
        rest.insert_or_assign(key, tensor);
      }
    }
    if (!g.empty()) add(Role::g, g);
    if (!ema.empty()) add(Role::ema, ema);
    if (g.empty() && ema.empty()) {
      const bool shadow = file_.path().filename().string().find("SHADOW") != std::string::npos;
      add(shadow ? Role::ema : Role::unknown, rest);
    }
  }

  void add(Role role, const NamedTensors& given,
           const std::optional<PickleValue>& facts = std::nullopt) {
    Found f{.role = role, .tensors = with_plain_names(given), .what = {}, .config = {}};
    const auto what = recognise(f.tensors);
    PG_CHECK(what, FormatError, "'", name(), "': unknown layout of weights: expected ", kKnown);
    f.what = *what;
    f.config = preset_of(what->layout);
    if (facts) take_facts(*facts, f);
    found_.push_back(std::move(f));
  }

  // Options that do not show in the shapes.
  void take_facts(const PickleValue& facts, Found& f) const {
    const auto flag = [&](const char* key, bool& value) {
      const auto given = facts.find(key);
      if (given && given->kind() == PickleKind::boolean) value = given->boolean();
    };
    ModelConfig& m = f.config.model;
    flag("use_wscale", m.use_wscale);
    flag("use_pixelnorm", m.use_pixelnorm);
    flag("normalize_latents", m.normalize_latents);
    flag("use_eql", m.use_wscale);
    bool fused = true;
    flag("fused_scale", fused);
    if (f.what.layout == Layout::official_tf && !fused) {
      m.down_order = DownOrder::activation_first;
    }
    const auto labels = facts.find("label_size");
    if (labels && labels->kind() == PickleKind::integer && labels->integer() > 0) {
      m.conditioning = Conditioning::acgan;
      m.label_size = labels->integer();
    }
  }

  const ForeignFile& file_;
  std::vector<Found> found_;
  std::optional<double> lod_;
};

Role role_of(const Found& f) {
  if (f.role != Role::unknown) return f.role;
  return f.what.network == Network::generator ? Role::g : Role::d;
}

// readme-hq has the names of the tutorial, except for the last layer of its critic.
void set_presets(std::vector<std::vector<Found>>& found, const std::string& given) {
  std::string name = given;
  for (const auto& networks : found) {
    for (const Found& f : networks) {
      const bool linear = f.tensors.contains("final_block.5.weight");
      if (name.empty() && f.what.layout == Layout::tutorial && linear) name = "readme-hq";
    }
  }
  if (name.empty()) return;
  for (auto& networks : found) {
    for (Found& f : networks) f.config = preset(name);
  }
}

// Networks of one training run have the same sizes.
void expect_same(const Config& a, const Config& b, const std::string& file) {
  const auto text = [](const Config& c) {
    return message(c.model.resolution, "x", c.model.resolution, " images of ", c.model.channels,
                   " channels with fmap_base ", c.model.fmap_base, " and fmap_max ",
                   c.model.fmap_max);
  };
  PG_CHECK(text(a) == text(b), FormatError, "'", file, "' holds a network for ", text(b),
           ", another file one for ", text(a), "; give the files of one training run");
}

// Sizes, and that all numbers are finite.
void check_parameters(const Found& f, const Config& config, const std::string& file) {
  for (const LayoutEntry& e : layout_entries(f.what.layout, f.what.network, config.model)) {
    const auto it = f.tensors.find(e.foreign);
    PG_CHECK(it != f.tensors.end(), FormatError, "'", file, "' has no parameter '", e.foreign, "'");
    const int64_t wanted = e.indices.empty() ? 1 : static_cast<int64_t>(e.indices.size());
    PG_CHECK(it->second.elements() == wanted, FormatError, "'", file, "': parameter '", e.foreign,
             "': expected ", wanted, " elements, got ", it->second.elements());
    const std::vector<float> values = it->second.floats();
    const auto bad = std::find_if_not(values.begin(), values.end(),
                                      [](float value) { return std::isfinite(value); });
    PG_CHECK(bad == values.end(), FormatError, "'", file, "': parameter '", e.foreign,
             "': expected finite numbers, got ", *bad, " at index ", bad - values.begin());
  }
}

}  // namespace

ForeignNetworks read_networks(const std::vector<ForeignFile>& files,
                              const std::string& preset_name) {
  ForeignNetworks all;
  const Found* first = nullptr;
  std::vector<std::vector<Found>> found;
  std::optional<double> lod;
  for (const ForeignFile& file : files) {
    Reader reader(file);
    found.push_back(reader.networks());
    if (reader.lod()) lod = reader.lod();
  }
  set_presets(found, preset_name);
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string name = files[i].path().string();
    for (Found& f : found[i]) {
      size_from_shapes(f.what, f.tensors, name, f.config);
      if (first != nullptr) {
        PG_CHECK(first->what.layout == f.what.layout, FormatError, "'", name, "' has the ",
                 layout_name(f.what.layout), " layout, another file the ",
                 layout_name(first->what.layout), " layout; give the files of one training run");
        expect_same(first->config, f.config, name);
      }
      // Only a generator shows the size of a latent.
      if (first == nullptr || f.what.network == Network::generator) first = &f;
      check_parameters(f, f.config, name);
      const Role role = role_of(f);
      (role == Role::g ? all.g : role == Role::d ? all.d : all.ema) = f.tensors;
    }
  }
  PG_CHECK(!all.g.empty() || !all.ema.empty(), FormatError, "'", files[0].path().string(),
           "' holds only a discriminator; give the file of the generator too");
  all.layout = first->what.layout;
  all.config = first->config;
  resolve(all.config, {.resolution = all.config.model.resolution,
                       .channels = all.config.model.channels,
                       .images = 0,
                       .labels = all.config.model.label_size});
  if (lod) {
    const auto most = static_cast<double>(level_of(all.config.model.resolution));
    PG_CHECK(*lod >= 0 && *lod <= most, FormatError, "'", files[0].path().string(),
             "': lod: expected a number from 0 to ", most, ", got ", *lod);
  }
  all.lod = lod;
  return all;
}

void load_network(const ForeignNetworks& networks, const NamedTensors& tensors, Network network,
                  ParameterStore& store) {
  std::vector<double> factors(store.specs().size(), 1.0);
  for (const LayoutEntry& e : layout_entries(networks.layout, network, networks.config.model)) {
    const std::vector<float> values = tensors.at(e.foreign).floats();
    const ParameterSpec& spec = store.specs()[e.parameter];
    PG_ASSERT(spec.name == e.ours);
    double& factor = factors[e.parameter];
    if (e.indices.empty()) {
      factor = static_cast<double>(values[0]) / spec.scale;
    } else {
      from_host(store.get(e.ours), gathered<double>(values, e.indices));
    }
    if (e.factor != 1.0) factor = 1.0 / e.factor;
  }
  store.set_factors(std::move(factors));
}

std::vector<std::string> load_networks(const ForeignNetworks& networks, Gan& gan) {
  std::vector<std::string> names;
  const NamedTensors& g = networks.g.empty() ? networks.ema : networks.g;
  const NamedTensors& ema = networks.ema.empty() ? networks.g : networks.ema;
  for (const auto& [name, store] : gan.state().networks()) {
    if (name == "D") {
      if (networks.d.empty()) continue;
      load_network(networks, networks.d, Network::discriminator, *store);
    } else {
      load_network(networks, name == "G" ? g : ema, Network::generator, *store);
    }
    const bool there = name == "D" || !(name == "G" ? networks.g : networks.ema).empty();
    if (there) names.push_back(name);
  }
  return names;
}

}  // namespace pg
