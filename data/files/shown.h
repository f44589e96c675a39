// shown.h: text from untrusted files, made safe for messages.
#pragma once

#include <string>
#include <string_view>

namespace pg {

// Printable ASCII with '?' for other bytes, cut to `longest` characters plus an ellipsis.
inline std::string shown(std::string_view text, size_t longest = 80) {
  std::string result;
  for (const char c : text.substr(0, longest)) result += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > longest) result += "...";
  return result;
}

}  // namespace pg
