// shown.h: text for messages: strings from untrusted files, made safe, and lists.
#pragma once

#include <iterator>
#include <sstream>
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

// "a, b, c": the items as operator<< writes them; with last = " or " it is "a, b or c".
template <typename Container>
std::string joined(const Container& items, std::string_view last = ", ") {
  std::ostringstream out;
  const size_t count = std::size(items);
  size_t i = 0;
  for (const auto& item : items) {
    if (i > 0) out << (i + 1 == count ? last : ", ");
    out << item;
    ++i;
  }
  return out.str();
}

}  // namespace pg
