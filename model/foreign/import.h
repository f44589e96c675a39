// import.h: networks of other programs as networks of this one.
//
// Files are recognised by content: the kind of container (weights_file.h), then the names of the
// parameters, then sizes from their shapes. The tables of layout.h place each parameter.
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
  // Parameters by the names of layout_entries; empty if the files lack the network.
  NamedTensors g, ema, d;
  // log2(final resolution / that the networks had grown to), falling smoothly during a fade, in 0
  // .. log2(final / 4), if a file has it (official-tf's variable lod).
  std::optional<double> lod;
};

// `preset_name`: the variant, if names and shapes do not decide it (readme-hq without its critic
// looks like tutorial); empty: the one that they imply. Throws FormatError if a file has an unknown
// layout, lacks a parameter or has one of another shape, or if the files do not belong together;
// UsageError for an unknown preset.
ForeignNetworks read_networks(const std::vector<ForeignFile>& files,
                              const std::string& preset_name = "");

// Copies one of these sets of parameters into a store of that network, in f32 or f64.
void load_network(const ForeignNetworks& networks, const NamedTensors& tensors, Network network,
                  ParameterStore& store);

// Copies the networks into `gan`, made for networks.config. If only one of G and its EMA exists, it
// serves as both; a missing discriminator keeps its initial weights. Returns the names of the
// networks found: "G", "Gs", "D".
std::vector<std::string> load_networks(const ForeignNetworks& networks, Gan& gan);

}  // namespace pg
