// shown.h: text for messages: strings from outside, made safe to display, and lists.
//
// Names of files and classes, contents of files and values of options may hold anything. Printed as
// they are, they could move the cursor of a terminal, forge lines of a log or reverse a line.
#pragma once

#include <cstdio>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "data/files/utf8.h"

namespace pg {

// "\x1b", "\n", "\u202e": the character in ASCII.
inline std::string escape_of(const Utf8Character& c) {
  if (c.code == '\n') return "\\n";
  if (c.code == '\r') return "\\r";
  if (c.code == '\t') return "\\t";
  char text[16];
  const char* form = c.valid && c.code >= 0x80 ? "\\u%04x" : "\\x%02x";
  std::snprintf(text, sizeof text, form, static_cast<unsigned>(c.code));
  return text;
}

// The text in one line: displayable UTF-8 unchanged; controls, characters that reorder or hide
// text, and bytes that are not UTF-8 as escapes; cut to `longest` characters plus an ellipsis.
inline std::string shown(std::string_view text, size_t longest = 80) {
  std::string result;
  for (size_t count = 0; !text.empty(); ++count) {
    if (count == longest) return result + "...";
    const Utf8Character c = first_character(text);
    if (c.valid && is_displayable(c.code)) {
      result += text.substr(0, c.bytes);
    } else {
      result += escape_of(c);
    }
    text.remove_prefix(c.bytes);
  }
  return result;
}

// The same without a limit. Text that passes twice is escaped once.
inline std::string shown_whole(std::string_view text) {
  return shown(text, std::string_view::npos);
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
