// shown.h: text out of a foreign file, as a message may hold it.
#pragma once

#include <string>
#include <string_view>

namespace pg {

// Printable ASCII, '?' for anything else, not longer than `longest` and an ellipsis.
inline std::string shown(std::string_view text, size_t longest = 80) {
  std::string result;
  for (const char c : text.substr(0, longest)) result += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > longest) result += "...";
  return result;
}

}  // namespace pg
