// bytes.cpp: sizes in bytes as text.
#include "model/config/bytes.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

#include "model/config/format.h"

namespace pg {
namespace {

struct Unit {
  std::string_view name;
  double bytes;
};

constexpr std::array<Unit, 10> kUnits = {{{"", 1},
                                          {"b", 1},
                                          {"kb", 1e3},
                                          {"mb", 1e6},
                                          {"gb", 1e9},
                                          {"tb", 1e12},
                                          {"kib", 0x1p10},
                                          {"mib", 0x1p20},
                                          {"gib", 0x1p30},
                                          {"tib", 0x1p40}}};

}  // namespace

std::optional<int64_t> parse_bytes(std::string_view text) {
  double number = 0.0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (parsed.ec != std::errc{}) return std::nullopt;
  std::string name;
  for (const char* c = parsed.ptr; c != end; ++c) {
    if (*c != ' ') name += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  for (const Unit& unit : kUnits) {
    const double bytes = number * unit.bytes;
    if (unit.name == name && bytes >= 1.0 && bytes <= 0x1p62) return std::llround(bytes);
  }
  return std::nullopt;
}

std::string missing_unit(std::string_view text) {
  constexpr size_t kDigits = 6;  // less than a megabyte
  const bool number = !text.empty() && text.size() <= kDigits &&
                      text.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!number) return "";
  const std::string digits(text);
  return digits + " what? Write " + digits + "GB or " + digits + "GiB";
}

std::string format_bytes(int64_t bytes) {
  static constexpr std::array<std::string_view, 5> kNames = {" B", " KB", " MB", " GB", " TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kNames.size()) {
    value /= 1000.0;
    ++unit;
  }
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return format_fixed(value, digits).append(kNames[unit]);
}

}  // namespace pg
