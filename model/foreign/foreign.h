// foreign.h: our parameters in the layout of a published version.
//
// Names, axes and run-time constants are those of that version. If the constant of a layer differs
// (another gain, none, or an imported one), the quotient is folded into the weights, so the version
// computes the same function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/foreign/host_array.h"
#include "model/foreign/layout.h"

namespace pg {

// The layouts of --layout: official-tf, gan-zoo, akanimax, tutorial (readme-hq too), exercise.
// Throws UsageError for another name.
Layout layout_of(std::string_view name);
std::vector<std::string> layout_names();
std::string_view layout_option(Layout layout);  // the reverse of layout_of

// Throws UsageError, with the first key that differs, if the layout's own program would compute
// another function with this network. Sizes, initial values and settings of training do not count,
// nor do constants that foreign_parameters folds in.
void check_layout(Layout layout, Network network, const Config& config);

// The change of the published class that loading the file needs, for the sizes of this network;
// empty: none.
std::string layout_remark(Layout layout, const Config& config);

// All parameters, in the order of layout_entries. Throws like check_layout.
std::vector<HostArray> foreign_parameters(Layout layout, Network network, const Config& config,
                                          const ParameterStore& store);

}  // namespace pg
