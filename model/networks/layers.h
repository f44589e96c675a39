// layers.h: both networks as tables of layers. The forward passes, the parameters, the layouts of
// other programs, the ONNX export and the estimate of training time all read them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/parameters.h"
#include "model/config/config.h"

namespace pg {

enum class Network : uint8_t { generator, discriminator };

enum class LayerKind : uint8_t {
  first,      // G: dense, from the latent to the 4x4 image
  conv,       // 3x3 convolution
  conv_up,    // G: nearest upsampling by 2, then 3x3 convolution
  conv_down,  // D: 3x3 convolution, then 2x2 average
  to_rgb,     // G: 1x1 convolution to colour channels
  from_rgb,   // D: 1x1 convolution from colour channels
  flat,       // D: dense, from the flattened 4x4 image
  last,       // D: dense, to the score and, for acgan, class scores
  embedding   // D: of the class, for projection; no bias
};

constexpr double kHeGain = 1.4142135623730951;  // sqrt(2), for layers followed by leaky ReLU

// A network has at most one layer of each kind at each resolution.
struct LayerInfo {
  LayerKind kind = LayerKind::conv;
  int64_t resolution = 4;      // the first that uses it
  std::string name;            // "8x8/Conv1"; its parameters are "8x8/Conv1/weight" and ".../bias"
  int64_t in = 0, out = 0;     // channels
  int64_t bias = 0;            // values: `out`, 16 `out` if each pixel has its own, 0: none
  double gain = kHeGain;       // of the initial weights
  bool equalized_here = true;  // if model.use_wscale
  size_t weight = 0;           // index among the network's parameters; the bias is the next one

  // Height and width of the filter, or of the 4x4 image that a dense layer produces or receives.
  int64_t size() const;
  Shape weight_shape() const;  // [K, R, S, C], dense layers [K, 1, 1, C]
  bool is_rgb() const { return kind == LayerKind::to_rgb || kind == LayerKind::from_rgb; }
};

// In the order of the parameters: by the first resolution that uses them.
std::vector<LayerInfo> generator_layers(const ModelConfig& model);
std::vector<LayerInfo> discriminator_layers(const ModelConfig& model);
std::vector<LayerInfo> layers_of(Network network, const ModelConfig& model);

// The layer of that kind at that resolution, which must exist.
const LayerInfo& find_layer(const std::vector<LayerInfo>& layers, int64_t resolution,
                            LayerKind kind);

// Names, shapes and initial values of a network's parameters.
//
// Equalized learning rate (PGGAN section 4.1): weights start as N(0, 1) and are multiplied at run
// time by He's constant gain / sqrt(fan_in), fan_in = R S C. Plain layers have no such constant;
// model.plain_init decides how they start: weights N(0, constant^2) and biases 0 or, as in PyTorch,
// both uniform in +-1 / sqrt(fan) with PyTorch's `fan`.
std::vector<ParameterSpec> parameter_specs(Network network, const ModelConfig& model);

// Channels of the blocks at this resolution: fmaps of 4x4 is nf(1).
int64_t channels_at(const ModelConfig& model, int64_t resolution);

// Whether tanh follows the image of this resolution (model.output_activation).
bool has_tanh(const ModelConfig& model, int64_t resolution);

// Multiplications that the generator needs for an image of this resolution. The time of training is
// about proportional to it.
double relative_cost(const ModelConfig& model, int64_t resolution);

}  // namespace pg
