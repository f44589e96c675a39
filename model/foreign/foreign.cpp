// foreign.cpp: which networks fit a layout, and their numbers in it.
#include "model/foreign/foreign.h"

#include <algorithm>
#include <span>
#include <unordered_map>

#include "kernels/error.h"
#include "model/networks/discriminator.h"
#include "model/networks/generator.h"

namespace pg {
namespace {

struct NamedLayout {
  std::string_view name;
  Layout layout;
};

constexpr NamedLayout kLayouts[] = {{"official-tf", Layout::official_tf},
                                    {"gan-zoo", Layout::gan_zoo},
                                    {"akanimax", Layout::akanimax},
                                    {"tutorial", Layout::tutorial},
                                    {"exercise", Layout::exercise}};

// Keys that decide what a network computes, besides sizes and constants.
constexpr const char* kGeneratorKeys[] = {"model.normalize_latents", "model.use_pixelnorm",
                                          "model.first_pixelnorm",   "model.norm_order",
                                          "model.first_bias",        "model.pixelnorm_epsilon",
                                          "model.output_activation", "model.leaky_slope"};
constexpr const char* kDiscriminatorKeys[] = {
    "model.narrow_at",      "model.down_order",      "model.mbstd_group_size", "model.mbstd_order",
    "model.mbstd_variance", "model.mbstd_remainder", "model.mbstd_epsilon",    "model.leaky_slope"};

// What the published programs take as options.
bool is_option(Layout layout, std::string_view key) {
  constexpr std::string_view kOfficial[] = {"model.normalize_latents", "model.use_pixelnorm",
                                            "model.pixelnorm_epsilon", "model.down_order",
                                            "model.mbstd_group_size"};
  if (layout == Layout::official_tf) return std::ranges::count(kOfficial, key) > 0;
  // readme-hq is the tutorial with another order.
  return layout == Layout::tutorial && key == "model.norm_order";
}

// The network as the version has it, at our sizes.
Config reference_of(Layout layout, const Config& config) {
  Config reference = preset(layout_option(layout));
  ModelConfig& to = reference.model;
  const ModelConfig& from = config.model;
  to.resolution = from.resolution;
  to.channels = from.channels;
  to.latent_size = from.latent_size;
  to.fmap_base = from.fmap_base;
  to.fmap_decay = from.fmap_decay;
  to.fmap_max = from.fmap_max;
  to.conditioning = from.conditioning;
  to.label_size = from.label_size;
  // The last layer is named by what it is (readme-hq: Linear).
  if (layout == Layout::tutorial) to.last_wscale = from.last_wscale;
  return reference;
}

[[noreturn]] void refuse(Layout layout, const std::string& key, const std::string& wanted,
                         const Config& config) {
  throw UsageError(message("a network in the ", layout_option(layout), " layout has ", key, " = ",
                           wanted, ", but this one has ", get_key(config, key),
                           ": export it without --layout as safetensors, or as onnx"));
}

void check_key(Layout layout, const std::string& key, const Config& reference,
               const Config& config) {
  if (is_option(layout, key)) return;
  const std::string wanted = get_key(reference, key);
  if (wanted != get_key(config, key)) refuse(layout, key, wanted, config);
}

void check_labels(Layout layout, const Config& reference, const Config& config) {
  if (config.model.conditioning == Conditioning::none) return;
  const bool labelled = layout == Layout::official_tf || layout == Layout::gan_zoo;
  if (!labelled) refuse(layout, "model.conditioning", "\"none\"", config);
  if (config.model.conditioning != Conditioning::acgan) {
    refuse(layout, "model.conditioning", "\"none\" or \"acgan\"", config);
  }
  check_key(layout, "model.normalize_labels", reference, config);
}

std::vector<ParameterSpec> specs_of(Network network, const Config& config) {
  return network == Network::generator ? Generator(config).specs() : Discriminator(config).specs();
}

}  // namespace

Layout layout_of(std::string_view name) {
  for (const NamedLayout& l : kLayouts) {
    if (l.name == name) return l.layout;
  }
  std::string known;
  for (const std::string& n : layout_names()) known += (known.empty() ? "" : ", ") + n;
  throw UsageError(message("there is no layout '", name, "': choose one of ", known));
}

std::vector<std::string> layout_names() {
  std::vector<std::string> names;
  for (const NamedLayout& l : kLayouts) names.emplace_back(l.name);
  return names;
}

std::string_view layout_option(Layout layout) {
  for (const NamedLayout& l : kLayouts) {
    if (l.layout == layout) return l.name;
  }
  throw UsageError(message("networks are not written in the layout of ", layout_name(layout)));
}

void check_layout(Layout layout, Network network, const Config& config) {
  const Config reference = reference_of(layout, config);
  check_labels(layout, reference, config);
  const auto keys = network == Network::generator
                        ? std::span<const char* const>(kGeneratorKeys)
                        : std::span<const char* const>(kDiscriminatorKeys);
  const ModelConfig& m = config.model;
  for (const char* key : keys) {
    const std::string_view k = key;
    // Of a network without norms their order, place and constant are nothing.
    const bool about_norms = k == "model.first_pixelnorm" || k == "model.norm_order";
    if (about_norms && !m.use_pixelnorm) continue;
    if (k == "model.pixelnorm_epsilon" && !m.use_pixelnorm && !m.normalize_latents) continue;
    check_key(layout, key, reference, config);
  }
}

std::string layout_remark(Layout layout, const Config& config) {
  Config published = reference_of(layout, config);
  if (layout == Layout::akanimax) {
    published.model.fmap_base = preset("akanimax").model.fmap_base;
    published.model.fmap_max = preset("akanimax").model.fmap_max;
  } else if (layout == Layout::tutorial) {
    published.model.fmap_max = fmaps(config, 1);
    published.model.fmap_base = 16 * published.model.fmap_max;
  } else {
    return "";
  }
  published.model.fmap_decay = 1.0;
  const int64_t stages = stage_of(config.model.resolution);
  std::string widths;
  bool same = true;
  for (int64_t s = 1; s <= stages; ++s) {
    widths += message(s > 1 ? ", " : "", fmaps(config, s));
    same = same && fmaps(config, s) == fmaps(published, s);
  }
  if (layout == Layout::akanimax) {
    return same ? "" : "change nf() of the published class: this network has the widths " + widths;
  }
  if (same && config.model.resolution == 1024) return "";
  return message("change `factors` of the published class to ", stages,
                 " numbers: this network has the widths ", widths);
}

std::vector<HostArray> foreign_parameters(Layout layout, Network network, const Config& config,
                                          const ParameterStore& store) {
  check_layout(layout, network, config);
  const std::vector<ParameterSpec> reference = specs_of(network, reference_of(layout, config));
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < reference.size(); ++i) {
    PG_ASSERT(reference[i].name == store.specs()[i].name);
    index.emplace(reference[i].name, i);
  }
  std::vector<HostArray> arrays;
  for (const LayoutEntry& e : layout_entries(layout, network, config)) {
    const size_t i = index.at(e.ours);
    HostArray ours = host_parameter(store, i);
    PG_ASSERT(ours.values.size() == e.indices.size());
    multiply(ours.values, store.scale(i) / reference[i].scale * e.factor);
    arrays.push_back({.name = e.foreign,
                      .shape = e.foreign_shape,
                      .values = gathered(ours.values, inverse(e.indices))});
  }
  return arrays;
}

}  // namespace pg
