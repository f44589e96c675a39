// layout.h: the place of each parameter of a network in the files of the published versions.
//
// One table serves import, export and the parity tests; gradients and optimizer steps are
// rearranged like the weights.
#pragma once

#include <string>
#include <vector>

#include "model/foreign/rearrange.h"
#include "model/networks/layers.h"

namespace pg {

// The published versions whose names and axes are known: the official TensorFlow and Theano code,
// facebookresearch/pytorch_GAN_zoo, akanimax/pro_gan_pytorch since 3.0 and before, the PyTorch
// tutorial (also for readme-hq), the course exercise, and mmgeneration's generator.
enum class Layout {
  official_tf,
  theano,
  gan_zoo,
  akanimax,
  akanimax_pre3,
  tutorial,
  exercise,
  mmgeneration
};

struct LayoutEntry {
  std::string ours;     // "8x8/Conv1/weight", as in ParameterStore
  size_t parameter;     // its index there
  std::string foreign;  // "scaleLayers.0.1.module.weight"
  std::vector<int64_t> foreign_shape;
  std::vector<int64_t> indices;  // ours[i] = foreign[indices[i]]
  // Foreign weights are ours times this. Not 1 only for mmgeneration's fused filters, whose scale
  // comes from their outputs instead of their inputs.
  double factor = 1.0;
};

// Entries for every parameter that the published version has, in the order of its own list. Files
// of `theano` hold a plain list, so its names are positions, "000", "001"; the scale of a layer is
// an entry with the name of its weight and without `indices`. `model` must be resolved and describe
// such a network (its preset, at any size); throws UsageError for a network that the version does
// not support.
std::vector<LayoutEntry> layout_entries(Layout layout, Network network, const ModelConfig& model);

std::string_view layout_name(Layout layout);

}  // namespace pg
