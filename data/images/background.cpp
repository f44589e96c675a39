// background.cpp: colours by name or number.
#include "data/images/background.h"

#include <charconv>
#include <cstdio>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg {

Background parse_background(std::string_view text, std::string_view what) {
  if (text == "black") return {};
  if (text == "white") return {255, 255, 255};
  if (text == "gray" || text == "grey") return {128, 128, 128};
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const bool form = text.size() == 7 && text[0] == '#';
  const auto read = std::from_chars(text.data() + (form ? 1 : 0), end, value, 16);
  PG_CHECK(form && read.ec == std::errc() && read.ptr == end, UsageError, what,
           ": expected black, white, gray or #rrggbb, got '", shown(text), "'");
  return {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8 & 255),
          static_cast<uint8_t>(value & 255)};
}

std::string text_of(const Background& background) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", background.r, background.g, background.b);
  return text;
}

}  // namespace pg
