// layout.h: where each parameter of a network stands in the files of the published versions.
//
// One table serves import, export and the parity tests: gradients and optimizer steps rearrange as
// the weights do.
#pragma once

#include <string>
#include <vector>

#include "model/config/config.h"
#include "model/foreign/rearrange.h"

namespace pg {

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
enum class Network { generator, discriminator };

struct LayoutEntry {
  std::string ours;     // "8x8/Conv1/weight", as in ParameterStore
  std::string foreign;  // "scaleLayers.0.1.module.weight"
  std::vector<int64_t> foreign_shape;
  std::vector<int64_t> indices;  // ours[i] = foreign[indices[i]]
  // foreign weights are ours times this: only mmgeneration's fused filters, which are scaled by
  // their outputs instead of their inputs
  double factor = 1.0;
};

// Entries for every parameter that the published version has, in the order of its own list. The
// names of `theano`, whose files hold a plain list, are places in it, "000", "001"; the scale of a
// layer is an entry that names the weight it belongs to and has no `indices`. `config` must be
// resolved and be such a network (its preset, at any size); throws UsageError where that version
// cannot hold what the configuration asks for.
std::vector<LayoutEntry> layout_entries(Layout layout, Network network, const Config& config);

std::string_view layout_name(Layout layout);

}  // namespace pg
