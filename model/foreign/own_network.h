// own_network.h: networks that this program exported, as .pth or safetensors, read back by import.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/formats/pickle/weights_file.h"
#include "model/foreign/export.h"
#include "model/foreign/rearrange.h"
#include "model/training/gan.h"

namespace pg {

struct OwnNetwork {
  std::string name;                            // "G", "Gs" or "D"
  Config config;                               // resolved
  int64_t images_shown = -1, looked_at = -1;   // as in ExportedNetwork
  std::vector<std::vector<float>> parameters;  // in the order of parameter_specs
  std::vector<double> factors;                 // ParameterStore::factors
};

// The network of a file in this program's own layout; none for other files. Throws FormatError for
// missing parameters, other sizes and numbers that are not finite.
std::optional<OwnNetwork> own_network(const ForeignFile& file);

// Copies networks of the same run into `gan`, made for their configuration: G serves as the EMA and
// the EMA as G if one of them is missing, and a missing discriminator keeps its initial weights.
// Throws UsageError if there is no generator. Returns the names of the networks found.
std::vector<std::string> load_own_networks(const std::vector<OwnNetwork>& networks, Gan& gan);

// The order of the elements of parameter `index` in a .pth file of ours, and its extents there:
// filters [K, C, R, S]; the generator's first layer [K (c, y, x), C] instead of (y, x, c).
struct TorchAxes {
  std::vector<int64_t> shape;
  std::vector<int64_t> indices;  // theirs[i] = ours[indices[i]]
};
TorchAxes torch_axes(Network network, const ModelConfig& model, size_t index);

}  // namespace pg
