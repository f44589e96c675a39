// format.cpp: durations and counts as text.
#include "model/config/format.h"

#include <array>
#include <charconv>
#include <cmath>

#include "kernels/error.h"

namespace pg {

namespace {

struct Unit {
  double size;
  const char* name;
};

std::string two_digits(int64_t n) { return message(n < 10 ? "0" : "", n); }

}  // namespace

std::string format_fixed(double value, int digits) {
  // Above 1e15 a double has no digits after the point, and the buffer would be too small.
  if (!std::isfinite(value) || std::abs(value) > 1e15) return message(value);
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, digits);
  return std::string(text.data(), end.ptr);
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0.0 || seconds > 1e12) return "?";
  const int64_t s = std::llround(seconds), m = s / 60, h = m / 60;
  if (s < 60) return message(s, "s");
  if (m < 60) return message(m, "m ", two_digits(s % 60), "s");
  if (h < 24) return message(h, "h ", two_digits(m % 60), "m");
  return message(h / 24, "d ", two_digits(h % 24), "h");
}

std::string format_count(double count) {
  for (const Unit unit : {Unit{1e9, "G"}, Unit{1e6, "M"}, Unit{1e3, "k"}}) {
    // A count that would round to 1000.0 of the unit below is 1.0 of this one.
    if (std::abs(count) >= unit.size * (unit.size > 1e3 ? 0.99995 : 0.9995)) {
      return format_fixed(count / unit.size, 1) + unit.name;
    }
  }
  return format_fixed(count, 0);
}

}  // namespace pg
