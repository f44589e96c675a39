// background.h: the colour behind transparent parts of images, and beside padded ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pg {

struct Background {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Background&) const = default;
};

// "black", "white", "gray" or "#rrggbb". Throws UsageError; `what` names the option or key.
Background parse_background(std::string_view text, std::string_view what);

std::string text_of(const Background& background);  // "#rrggbb"

}  // namespace pg
