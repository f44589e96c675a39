// utf8.h: reads UTF-8 one character at a time, and decides which characters may be displayed.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace pg {

// A character, or one byte that is not part of a valid one.
struct Utf8Character {
  char32_t code = 0;  // of an invalid byte: the byte
  size_t bytes = 1;
  bool valid = false;
};

// The character at the start of `text`, which is not empty. Invalid are stray and missing
// continuation bytes, overlong forms, surrogates, and anything above U+10FFFF.
inline Utf8Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length == 0 || length > text.size()) return {lead, 1, false};
  auto code = static_cast<char32_t>(lead & (0x7f >> length));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {lead, 1, false};
    code = code << 6 | static_cast<char32_t>(byte(i) & 0x3f);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[length] || surrogate || code > 0x10ffff) return {lead, 1, false};
  return {code, length, true};
}

inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    if (!c.valid) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

// False for characters that act on a terminal or hide: controls (C0, DEL, C1), line and paragraph
// separators, everything that reorders text, and characters without width, except the two joiners
// that some scripts and emoji need.
inline bool is_displayable(char32_t code) {
  constexpr std::pair<char32_t, char32_t> kHidden[] = {
      {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},   {0x180e, 0x180e},
      {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f}, {0xfeff, 0xfeff},
      {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff}};
  for (const auto& [first, last] : kHidden) {
    if (code >= first && code <= last) return false;
  }
  return true;
}

}  // namespace pg
