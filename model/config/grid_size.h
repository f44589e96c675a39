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

}  // namespace pg
