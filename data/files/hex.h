// hex.h: numbers as hexadecimal digits of a fixed length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace pg {

// The lowest 4 * `digits` bits of `value`, highest digit first, in lower case.
inline std::string hex_digits(uint64_t value, size_t digits) {
  std::string text(digits, '0');
  for (size_t i = digits; i > 0; --i, value >>= 4) text[i - 1] = "0123456789abcdef"[value & 15];
  return text;
}

}  // namespace pg
