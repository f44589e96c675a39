// recognise.h: which network a set of named parameters is, and how large.
#pragma once

#include <optional>

#include "data/formats/pickle/weights_file.h"
#include "model/foreign/layout.h"

namespace pg {

struct Recognised {
  Layout layout;
  Network network;
};

// Names as layout_entries has them: without the prefix "module." of DataParallel, and with the
// ".module" that old files of GAN zoo lack.
NamedTensors with_plain_names(const NamedTensors& tensors);

// By names that only one layout has.
std::optional<Recognised> recognise(const NamedTensors& tensors);

// Sets resolution, channels, fmap_base, fmap_max and latent_size of `config`, the preset of the
// layout, to what the shapes say; labels as config has them. Throws FormatError naming `file`.
void size_from_shapes(const Recognised& what, const NamedTensors& tensors, const std::string& file,
                      Config& config);

}  // namespace pg
