// config_values.cpp: checks, converts and writes the values of configuration keys.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/config_keys.h"
#include "model/config/device_name.h"

namespace pg {

namespace {

using Table = std::map<int64_t, double>;

std::string number_text(double v) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
  return std::string(text.data(), end);
}

std::string toml_string(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool is_whole(double v) { return std::floor(v) == v; }

// Whole numbers without an exponent: 1000000, not 1e+06.
std::string bound_text(double v) {
  constexpr double kIntegers = 0x1p63;  // beyond int64_t from here on
  if (v == kIntegers) return std::to_string(std::numeric_limits<int64_t>::max());
  return is_whole(v) && std::abs(v) < 1e15 ? std::to_string(static_cast<int64_t>(v))
                                           : number_text(v);
}

std::string range_text(const KeyRange& range) {
  return message("from ", bound_text(range.min), " to ", bound_text(range.max));
}

// Well-formed UTF-8: texts are written to TOML and JSON, which require it.
bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 0 || lead > 0xf4 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

bool number_allowed(const Key& key, double v) {
  if (key.form == KeyForm::power_of_two_or_zero && v == 0.0) return true;
  // A NaN fails this comparison.
  if (!(v >= key.range.min && v <= key.range.max)) return false;
  if (key.form == KeyForm::any) return true;
  return is_whole(v) && is_power_of_two(static_cast<int64_t>(v));
}

bool table_allowed(const Key& key, const Table& table) {
  for (const auto& [resolution, v] : table) {
    if (!is_resolution(resolution) || !number_allowed(key, v)) return false;
    if (key.kind == KeyKind::integer_table && !is_whole(v)) return false;
  }
  return true;
}

bool text_allowed(const Key& key, const std::string& text) {
  if (key.form == KeyForm::device) return parse_device(text).has_value();
  if (key.form == KeyForm::grid) return parse_grid(text).has_value();
  if (key.form == KeyForm::bytes) return text.empty() || parse_bytes(text).has_value();
  return is_utf8(text);
}

bool choice_allowed(const Key& key, const std::string& name) {
  return std::ranges::find(key.names, name) != key.names.end();
}

// The value in the type that the key stores, unchanged if there is no exact conversion.
KeyValue converted(const Key& key, const KeyValue& value) {
  if (key.kind == KeyKind::number && std::holds_alternative<int64_t>(value)) {
    return static_cast<double>(std::get<int64_t>(value));
  }
  constexpr double kExact = 9007199254740992.0;  // 2^53: beyond, doubles skip integers
  if (key.kind == KeyKind::integer && std::holds_alternative<double>(value)) {
    const double v = std::get<double>(value);
    if (is_whole(v) && std::abs(v) <= kExact) return static_cast<int64_t>(v);
  }
  return value;
}

bool allowed(const Key& key, const KeyValue& value) {
  switch (key.kind) {
    case KeyKind::flag:
      return std::holds_alternative<bool>(value);
    case KeyKind::integer:
      return std::holds_alternative<int64_t>(value) &&
             number_allowed(key, static_cast<double>(std::get<int64_t>(value)));
    case KeyKind::number:
      return std::holds_alternative<double>(value) && number_allowed(key, std::get<double>(value));
    case KeyKind::text:
      return std::holds_alternative<std::string>(value) &&
             text_allowed(key, std::get<std::string>(value));
    case KeyKind::choice:
      return std::holds_alternative<std::string>(value) &&
             choice_allowed(key, std::get<std::string>(value));
    case KeyKind::integer_table:
    case KeyKind::number_table:
      return std::holds_alternative<Table>(value) && table_allowed(key, std::get<Table>(value));
  }
  return false;
}

std::string integer_text(const Key& key) {
  if (key.form == KeyForm::any) return "an integer " + range_text(key.range);
  const std::string text = "a power of two " + range_text(key.range);
  return key.form == KeyForm::power_of_two_or_zero ? text + ", or 0" : text;
}

std::string table_text(const Key& key) {
  return message("a table from resolutions (powers of two from ", kMinResolution, " to ",
                 kMaxResolution, ") to ",
                 key.kind == KeyKind::integer_table ? "integers " : "numbers ",
                 range_text(key.range), ", such as {4 = 16, 8 = 8}");
}

}  // namespace

std::string allowed_text(const Key& key) {
  switch (key.kind) {
    case KeyKind::flag:
      return "true or false";
    case KeyKind::integer:
      return integer_text(key);
    case KeyKind::number:
      return "a number " + range_text(key.range);
    case KeyKind::text:
      if (key.form == KeyForm::device) return std::string(kDeviceNames);
      if (key.form == KeyForm::grid) return "ROWSxCOLUMNS, such as 8x8";
      if (key.form == KeyForm::bytes) return "a size such as 4GB, 512MiB or 0.5GiB, or nothing";
      return "text in UTF-8";
    case KeyKind::choice:
      return joined(key.names, " or ");
    case KeyKind::integer_table:
    case KeyKind::number_table:
      return table_text(key);
  }
  return "";
}

void throw_not_allowed(const Key& key, std::string_view given) {
  throw UsageError(message(key.path, ": expected ", allowed_text(key), ", got ", given));
}

KeyValue checked(const Key& key, const KeyValue& value) {
  KeyValue result = converted(key, value);
  if (!allowed(key, result)) throw_not_allowed(key, to_text(value));
  return result;
}

std::string to_text(const KeyValue& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const int64_t* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (const double* number = std::get_if<double>(&value)) return number_text(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) return toml_string(*text);
  std::string out = "{";
  for (const auto& [resolution, v] : std::get<Table>(value)) {
    out += message(out.size() > 1 ? ", " : "", resolution, " = ", number_text(v));
  }
  return out + "}";
}

}  // namespace pg
