// png.h: writing PNG files, and arranging images in a grid.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "data/files/output_path.h"
#include "data/images/image.h"

namespace pg {

// Writes an 8-bit PNG of 1 to 4 channels; the file appears complete or not at all. A text chunk
// after the header names this program (own_file.h). Throws IoError, and UsageError for an image
// without pixels or of 2 GiB or more. Memory: about as much again as the pixels.
void write_png(const OutputPath& to, const Image& image);

// The bytes of that file; `to` is for messages.
std::vector<uint8_t> encode_png(const std::filesystem::path& to, const Image& image);

// The UsageError of write_png for an image of these extents.
void check_png_extents(const std::filesystem::path& path, int64_t height, int64_t width,
                       int64_t channels);

// The images in rows of `columns`, without gaps; empty cells are black. All images have the same
// extents and channels, else ShapeError; no image or no column is a UsageError.
Image make_grid(std::span<const Image> images, int64_t columns);

// A grid of `count` images filled one by one, in order, so that no image is held twice.
class Grid {
 public:
  Grid(int64_t count, int64_t columns);

  void add(const Image& image);  // ShapeError for other extents or channels than those of the first
  const Image& image() const { return grid_; }
  Image take() { return std::move(grid_); }

 private:
  int64_t rows_, columns_, added_ = 0;
  int64_t height_ = 0, width_ = 0;  // of one image
  Image grid_;
};

}  // namespace pg
