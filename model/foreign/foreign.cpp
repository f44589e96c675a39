// foreign.cpp: the networks that fit a layout, and their values in it.
#include "model/foreign/foreign.h"

#include <algorithm>
#include <span>

#include "data/files/shown.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/networks/layers.h"

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

// Keys that change the function of a network, except sizes and constants.
constexpr const char* kGeneratorKeys[] = {"model.normalize_latents", "model.use_pixelnorm",
                                          "model.first_pixelnorm",   "model.norm_order",
                                          "model.first_bias",        "model.pixelnorm_epsilon",
                                          "model.output_activation", "model.leaky_slope"};
constexpr const char* kDiscriminatorKeys[] = {
    "model.narrow_at",      "model.down_order",      "model.mbstd_group_size", "model.mbstd_order",
    "model.mbstd_variance", "model.mbstd_remainder", "model.mbstd_epsilon",    "model.leaky_slope"};

// Keys that are options of the published program.
bool is_option(Layout layout, std::string_view key) {
  constexpr std::string_view kOfficial[] = {"model.normalize_latents", "model.use_pixelnorm",
                                            "model.pixelnorm_epsilon", "model.down_order",
                                            "model.mbstd_group_size"};
  if (layout == Layout::official_tf) return std::ranges::count(kOfficial, key) > 0;
  // readme-hq differs from the tutorial in this.
  return layout == Layout::tutorial && key == "model.norm_order";
}

// The network of the version, at the sizes of `config`.
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
  // The name of the last layer depends on it (readme-hq: Linear).
  if (layout == Layout::tutorial) to.last_wscale = from.last_wscale;
  return reference;
}

[[noreturn]] void reject(Layout layout, const std::string& key, const std::string& wanted,
                         const Config& config) {
  throw UsageError(message("the ", layout_option(layout), " layout needs ", key, " = ", wanted,
                           ", got ", get_key(config, key),
                           "; export as safetensors without --layout, or as onnx"));
}

void check_key(Layout layout, const std::string& key, const Config& reference,
               const Config& config) {
  if (is_option(layout, key)) return;
  const std::string wanted = get_key(reference, key);
  if (wanted != get_key(config, key)) reject(layout, key, wanted, config);
}

void check_labels(Layout layout, const Config& reference, const Config& config) {
  if (config.model.conditioning == Conditioning::none) return;
  const bool labelled = layout == Layout::official_tf || layout == Layout::gan_zoo;
  if (!labelled) reject(layout, "model.conditioning", "\"none\"", config);
  if (config.model.conditioning != Conditioning::acgan) {
    reject(layout, "model.conditioning", "\"none\" or \"acgan\"", config);
  }
  check_key(layout, "model.normalize_labels", reference, config);
}

}  // namespace

Layout layout_of(std::string_view name) {
  for (const NamedLayout& l : kLayouts) {
    if (l.name == name) return l.layout;
  }
  throw UsageError(
      message("unknown layout '", name, "': expected ", joined(layout_names(), " or ")));
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
  throw UsageError(message("networks cannot be exported in the ", layout_name(layout), " layout"));
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
    // A network without norms does not depend on their order, place and constant.
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
    published.model.fmap_max = fmaps(config.model, 1);
    published.model.fmap_base = 16 * published.model.fmap_max;
  } else {
    return "";
  }
  published.model.fmap_decay = 1.0;
  std::vector<int64_t> widths;
  bool same = true;
  for (int64_t r = kMinResolution; r <= config.model.resolution; r *= 2) {
    widths.push_back(channels_at(config.model, r));
    same = same && widths.back() == channels_at(published.model, r);
  }
  if (layout == Layout::akanimax) {
    return same ? ""
                : "change nf() of the published class: this network has the widths " +
                      joined(widths);
  }
  if (same && config.model.resolution == kMaxResolution) return "";
  return message("change `factors` of the published class to ", widths.size(),
                 " numbers: this network has the widths ", joined(widths));
}

std::vector<HostArray> foreign_parameters(Layout layout, Network network, const Config& config,
                                          const ParameterStore& store) {
  check_layout(layout, network, config);
  const std::vector<ParameterSpec> reference =
      parameter_specs(network, reference_of(layout, config).model);
  std::vector<HostArray> arrays;
  for (const LayoutEntry& e : layout_entries(layout, network, config.model)) {
    const size_t i = e.parameter;
    PG_ASSERT(store.specs()[i].name == e.ours);
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
