// grid_size.h: the size of a grid of images, "ROWSxCOLUMNS".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pg {

struct GridSize {
  int64_t rows = 0;
  int64_t columns = 0;
};

// "8x12": 8 rows of 12 images; each number from 1 to 9999. Nothing for any other text.
std::optional<GridSize> parse_grid(std::string_view text);

// The most images of a grid that is computed at once.
inline constexpr int64_t kMostGridImages = 4096;

// The value of a key for auto_grid.
inline constexpr std::string_view kAutoGrid = "auto";

// As many images as fit into 1920 x 1080 pixels, as in the official version, within 3 to 8 columns
// and 2 to 8 rows: 8x8 up to 128x128, 4x7 at 256x256, 2x3 from 512x512 up. (The official version
// shows up to 32x32, which on a CPU would take longer than the training between two grids.)
GridSize auto_grid(int64_t resolution);

}  // namespace pg
