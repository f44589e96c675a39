// recognise.h: from a set of named parameters to its layout, network and sizes.
#pragma once

#include <optional>

#include "data/formats/pickle/weights_file.h"
#include "model/foreign/layout.h"

namespace pg {

struct Recognised {
  Layout layout;
  Network network;
};

// With the names of layout_entries: without the prefix "module." of DataParallel, and with the
// ".module" that old files of GAN zoo lack.
NamedTensors with_plain_names(const NamedTensors& tensors);

// By names that only one layout has.
std::optional<Recognised> recognise(const NamedTensors& tensors);

// Sets resolution, channels, fmap_base, fmap_max and latent_size of `config`, the preset of the
// layout with its labels, from the shapes. Throws FormatError, with the name `file`.
void size_from_shapes(const Recognised& what, const NamedTensors& tensors, const std::string& file,
                      Config& config);

}  // namespace pg
