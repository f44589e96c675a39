// import.h: networks of other programs as networks of this one.
//
// What a file is follows from its content: the kind of container (weights_file.h), then the names
// of the parameters, then sizes from their shapes. The tables of layout.h say where each parameter
// goes.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/formats/pickle/weights_file.h"
#include "model/foreign/layout.h"
#include "model/training/gan.h"

namespace pg {

// The networks found in one or several files of the same training.
struct ForeignNetworks {
  Layout layout = Layout::official_tf;
  Config config;  // the preset of that version, at the size of the networks; resolved
  // Parameters by the names of layout_entries; a network that the files lack is empty.
  NamedTensors g, average, d;
  // Resolution the networks had been grown to, where the file says it.
  std::optional<int64_t> grown_to;
};

// `preset_name`: the variant, where names and shapes do not tell it from another (readme-hq without
// its critic from tutorial); empty: the one that they tell. Throws FormatError where a file is none
// of the known layouts, lacks a parameter, has one of another shape, or the files do not belong
// together; UsageError for an unknown preset.
ForeignNetworks read_networks(const std::vector<ForeignFile>& files,
                              const std::string& preset_name = "");

// One of the sets of parameters above into a store of that network, in f32 or f64.
void load_network(const ForeignNetworks& networks, const NamedTensors& tensors, Network network,
                  ParameterStore& store);

// Puts the networks into `gan`, made for networks.config; G stands in for the average and the
// reverse where only one exists, and a discriminator that does not exist stays as it was drawn.
// Returns the names of the networks that were there: "G", "Gs", "D".
std::vector<std::string> load_networks(const ForeignNetworks& networks, Gan& gan);

}  // namespace pg
