// safetensors.cpp: one network as a safetensors file.
#include "data/formats/safetensors.h"

#include <nlohmann/json.hpp>

#include "model/config/class_names.h"
#include "model/config/version.h"
#include "model/foreign/export.h"
#include "model/foreign/foreign.h"

namespace pg {
namespace {

constexpr const char* kOurs =
    "Filters are [out, y, x, in], dense layers [out, 1, 1, in], biases [1, 1, 1, out]; images are "
    "[N, H, W, C]. The generator's 4x4/Dense gives the 4x4 image in the order (y, x, channel), as "
    "does its bias if it has one value per pixel; the discriminator's 4x4/Dense0 takes the image "
    "in "
    "that order. Conv0_up is nearest upsampling by 2 followed by a 3x3 convolution, Conv1_down a "
    "3x3 convolution followed by a 2x2 average (before bias and activation if model.down_order is "
    "pool_first). Weights are as trained: multiply each tensor by its number in `scales` "
    "(equalized "
    "learning rate) before use.";
constexpr const char* kForeign =
    "Names and axes are those of the published version in `layout`. Run-time constants of the "
    "equalized learning rate are not part of the weights; that version applies its own.";

std::string scales_of(const ParameterStore& store) {
  nlohmann::json scales;
  for (size_t i = 0; i < store.specs().size(); ++i) scales[store.specs()[i].name] = store.scale(i);
  return scales.dump();
}

std::vector<HostArray> own_parameters(const ParameterStore& store) {
  std::vector<HostArray> arrays;
  for (size_t i = 0; i < store.specs().size(); ++i) arrays.push_back(host_parameter(store, i));
  return arrays;
}

}  // namespace

size_t write_network_safetensors(const OutputPath& to, const ExportedNetwork& network,
                                 std::optional<Layout> layout) {
  const ParameterStore& store = network.parameters;
  Metadata metadata = {{"format", "progan_cuda network"},
                       {"version", "1"},
                       {"program", message("progan_cuda ", kProgramVersion)},
                       {"network", network.name},
                       {"layout", "progan_cuda"},
                       {"config", to_toml(network.config)},
                       {"about", kOurs}};
  const std::vector<std::string> classes = class_names(network.config);
  if (!classes.empty()) metadata["classes"] = class_names_json(classes);
  if (network.looked_at >= 0) {
    metadata["images_shown"] = std::to_string(network.images_shown);
    metadata["looked_at"] = std::to_string(network.looked_at);
  }
  if (layout) {
    metadata["layout"] = layout_option(*layout);
    metadata["about"] = kForeign;
  } else {
    metadata["scales"] = scales_of(store);
  }
  const std::vector<HostArray> arrays =
      layout ? foreign_parameters(*layout, network.kind, network.config, store)
             : own_parameters(store);
  std::vector<NamedBuffer> buffers;
  for (const HostArray& a : arrays) {
    buffers.push_back({a.name, StoredType::f32, a.shape, a.values.data()});
  }
  write_safetensors(to, buffers, metadata);
  return buffers.size();
}

}  // namespace pg
