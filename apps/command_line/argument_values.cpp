// argument_values.cpp: parses numbers, and explains what is allowed.
#include "apps/command_line/argument_values.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include "apps/command_line/tree.h"
#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/suggest.h"

namespace pg::apps {
namespace {

template <typename T>
bool parses_whole(std::string_view text, T& value, auto... how) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, how...);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  if (!parses_whole(text, value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

struct Limits {
  double min, max;
  bool known = true;  // the declaration names them
};

// CLI11 keeps a range only in the text that describes it.
Limits limits_of(const std::string& type, bool integer) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (type.find("NONNEGATIVE") != std::string::npos) return {0.0, kLargest};
  if (type.find("POSITIVE") != std::string::npos) return {integer ? 1.0 : 1e-300, kLargest};
  const size_t at = type.find(" in [");
  if (at == std::string::npos) return {integer ? 0.0 : -kLargest, kLargest, false};
  std::istringstream text(type.substr(at + 5));
  Limits limits{};
  std::string dash;
  text >> limits.min >> dash >> limits.max;
  return limits;
}

std::string number_text(double value) {
  std::array<char, 64> text{};
  const auto form = std::abs(value) < 1e15 ? std::chars_format::fixed : std::chars_format::general;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, form).ptr;
  return {text.data(), end};
}

std::string allowed_text(const Limits& limits, bool integer) {
  const std::string kind = integer ? "an integer" : "a number";
  if (limits.max < 1e300) {
    return message(kind, " from ", number_text(limits.min), " to ", number_text(limits.max));
  }
  if (integer) {
    return message(kind, " from ", number_text(limits.min), " to ",
                   std::numeric_limits<int64_t>::max());
  }
  if (!limits.known) return kind;
  return limits.min == 0.0 ? message(kind, " of at least 0") : message(kind, " above 0");
}

// Advice on a number with something behind it: "; 12M images are --kimg 12000".
std::string unit_advice(const std::string& name, const std::string& value) {
  double number = 0;
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr == end) return "";
  const std::string unit(parsed.ptr, end);
  if (unit.starts_with(',')) return "; write it without separators, and fractions with a point";
  if (unit.starts_with('x')) return message("; write ", number_text(number), " alone");
  if (name == "--kimg") {
    const std::string images = "; it counts thousands of images: ";
    if (unit == "M" || unit == "m") {
      return message(images, number_text(number), " million are ", name, " ",
                     number_text(number * 1e3));
    }
    return message(images, number_text(number * 1e3), " images are ", name, " ",
                   number_text(number));
  }
  if (name == "--hours" && (unit.starts_with('m') || unit.starts_with('d'))) {
    const double hours = unit.starts_with('m') ? number / 60.0 : number * 24.0;
    return message("; write ", name, " ", hours);
  }
  return "; write it without a unit";
}

[[noreturn]] void throw_not_allowed(const std::string& name, std::string allowed,
                                    const std::string& value) {
  if (name == "--resolution") allowed = "a power of two from 4 to 1024";
  throw UsageError(message(name, ": expected ", allowed, ", got '", shown(value), "'",
                           unit_advice(name, value)));
}

void check_choice(const Option& option, const std::string& name, const std::string& value) {
  const std::vector<std::string> choices = choices_of(option);
  for (const std::string& choice : choices) {
    if (choice == value) return;
  }
  if (choices.empty()) return;
  const std::string nearest = nearest_value(value, choices);
  throw UsageError(message(name, ": expected ", joined(choices, " or "), ", got '", shown(value),
                           "'", nearest.empty() ? "" : message("; did you mean ", nearest, "?")));
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    if (parses_whole(text.substr(2), value, 16) && value >= 0) return value;
    return std::nullopt;
  }
  if (parses_whole(text, value)) return value;
  // Beyond 2^53 not every integer is a double.
  constexpr double kExact = 9007199254740992.0;
  const std::optional<double> number = parse_number(text);
  if (!number || std::floor(*number) != *number || std::abs(*number) > kExact) return std::nullopt;
  return static_cast<int64_t>(*number);
}

std::string checked_value(const Option& option, const std::string& name, const std::string& value) {
  const std::string type = option.get_type_name();
  const bool integer = type.starts_with("INT") || type.starts_with("UINT");
  if (!integer && !type.starts_with("FLOAT")) {
    check_choice(option, name, value);
    return value;
  }
  const Limits limits = limits_of(type, integer);
  const std::optional<int64_t> whole = integer ? parse_integer(value) : std::nullopt;
  const std::optional<double> number =
      integer ? (whole ? std::optional(static_cast<double>(*whole)) : std::nullopt)
              : parse_number(value);
  if (!number || *number < limits.min || *number > limits.max) {
    throw_not_allowed(name, allowed_text(limits, integer), value);
  }
  return whole ? std::to_string(*whole) : value;
}

}  // namespace pg::apps
