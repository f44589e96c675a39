// shown.h: text out of a foreign file, as a message may hold it.
#pragma once

#include <string>
#include <string_view>

namespace pg {

// Printable ASCII, '?' for anything else, not long.
inline std::string shown(std::string_view text) {
  constexpr size_t kLongest = 80;
  std::string result;
  for (const char c : text.substr(0, kLongest)) result += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > kLongest) result += "...";
  return result;
}

}  // namespace pg
