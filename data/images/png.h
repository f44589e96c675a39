// png.h: writing PNG files, and arranging images in a grid.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "data/images/image.h"

namespace pg {

// Writes an 8-bit PNG of 1 to 4 channels; the file appears complete or not at all. Throws IoError,
// and UsageError for an image without pixels or of 2 GiB or more.
void write_png(const std::filesystem::path& path, const Image& image);

// The images in rows of `columns`, without gaps; empty cells are black. All images have the same
// extents and channels, else ShapeError; no image or no column is a UsageError.
Image make_grid(std::span<const Image> images, int64_t columns);

}  // namespace pg
