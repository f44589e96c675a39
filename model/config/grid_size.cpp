// grid_size.cpp: parses the size of a grid of images.
#include "model/config/grid_size.h"

#include <algorithm>
#include <charconv>

namespace pg {
namespace {

// 1 to 9999 without leading zeros or a sign; 0 for any other text.
int64_t parse_count(std::string_view text) {
  const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
  if (text.empty() || text.size() > 4 || !digits || text[0] == '0') return 0;
  int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

}  // namespace

std::optional<GridSize> parse_grid(std::string_view text) {
  const size_t x = text.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const GridSize grid{.rows = parse_count(text.substr(0, x)),
                      .columns = parse_count(text.substr(x + 1))};
  if (grid.rows == 0 || grid.columns == 0) return std::nullopt;
  return grid;
}

GridSize auto_grid(int64_t resolution) {
  constexpr int64_t kWidth = 1920, kHeight = 1080, kMost = 8;
  return {.rows = std::clamp<int64_t>(kHeight / resolution, 2, kMost),
          .columns = std::clamp<int64_t>(kWidth / resolution, 3, kMost)};
}

}  // namespace pg
