// foreign.h: our parameters as a published version would hold them.
//
// Names, axes and run-time constants are all of that version: a layer whose constant differs (other
// gain, none, or one that was imported) has the quotient folded into its numbers, so that what the
// version computes with them is what we compute.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/foreign/host_array.h"
#include "model/foreign/layout.h"

namespace pg {

// The layouts that networks are written in, as --layout spells them: official-tf, gan-zoo,
// akanimax, tutorial (of readme-hq too), exercise. Throws UsageError for another name.
Layout layout_of(std::string_view name);
std::vector<std::string> layout_names();
std::string_view layout_option(Layout layout);  // the reverse of layout_of

// Throws UsageError, with the first key that differs, where the layout's own program would compute
// something else with this network. Sizes, initial values and what is only used in training do not
// count, nor do constants that foreign_parameters folds in.
void check_layout(Layout layout, Network network, const Config& config);

// What someone must know to load the file: how the published class must be changed for the sizes of
// this network. Empty where nothing must.
std::string layout_remark(Layout layout, const Config& config);

// All parameters, in the order of layout_entries. Throws as check_layout.
std::vector<HostArray> foreign_parameters(Layout layout, Network network, const Config& config,
                                          const ParameterStore& store);

}  // namespace pg
