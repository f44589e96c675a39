// config_values.cpp: checks, converts and writes the values of configuration keys.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>

#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/bytes.h"
#include "model/config/config_keys.h"
#include "model/config/device_name.h"
#include "model/config/suggest.h"

namespace pg {

namespace {

using Table = std::map<int64_t, double>;

std::string number_text(double v) {
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
  return std::string(text.data(), end);
}

// Configurations are displayed as they are, so characters that act on a terminal are escaped.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    if (c.code == '"' || c.code == '\\') {
      out += {'\\', text.front()};
    } else if (c.valid && !is_displayable(c.code)) {
      std::array<char, 16> escape;
      std::snprintf(escape.data(), escape.size(), c.code > 0xffff ? "\\U%08x" : "\\u%04x",
                    static_cast<unsigned>(c.code));
      out += escape.data();
    } else {
      out += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
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
  if (key.form == KeyForm::grid) {
    const std::optional<GridSize> grid = parse_grid(text);
    return text == kAutoGrid || (grid && grid->rows * grid->columns <= kMostGridImages);
  }
  if (key.form == KeyForm::bytes) {
    return text.empty() || (parse_bytes(text).has_value() && missing_unit(text).empty());
  }
  return is_utf8(text);  // texts are written to TOML and JSON, which require it
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
  return message(
      "a table from resolutions (powers of two from ", kMinResolution, " to ", kMaxResolution,
      ") to ", key.kind == KeyKind::integer_table ? "integers " : "numbers ", range_text(key.range),
      key.kind == KeyKind::integer_table ? ", such as {4 = 16, 8 = 8}"
                                         : ", such as {512 = 0.002, 1024 = 0.003}");
}

std::string unquoted(std::string_view given) {
  const bool quoted = given.size() >= 2 && given.front() == given.back() &&
                      (given.front() == '"' || given.front() == '\'');
  return std::string(quoted ? given.substr(1, given.size() - 2) : given);
}

// The allowed power of two that is nearest to a number, also to "100x100"; empty: none.
std::string nearest_power_of_two(const Key& key, const std::string& given) {
  double number = 0.0;
  const auto parsed = std::from_chars(given.data(), given.data() + given.size(), number);
  if (parsed.ec != std::errc{} || !(number >= 1.0)) return "";
  const double largest = std::exp2(std::floor(std::log2(key.range.max)));
  return bound_text(std::clamp(std::exp2(std::round(std::log2(number))), key.range.min, largest));
}

// For a number where a table is expected: "; for all resolutions: KEY with KEY = {}". The key holds
// at resolutions that the table does not list.
std::string number_for_all(const Key& key, const std::string& given) {
  static const std::map<std::string_view, const char*> kSingle = {
      {"schedule.stage_lengths", "schedule.stage_length"},
      {"schedule.minibatch", "schedule.minibatch_base"},
      {"schedule.micro_batches", "schedule.micro_batch"},
      {"schedule.tick_kimg", "schedule.tick_kimg_base"},
      {"optimizer.learning_rate", "optimizer.g_learning_rate and optimizer.d_learning_rate"}};
  double number = 0.0;
  const char* end = given.data() + given.size();
  const auto parsed = std::from_chars(given.data(), end, number);
  const auto found = kSingle.find(key.path);
  if (parsed.ec != std::errc{} || parsed.ptr != end || found == kSingle.end()) return "";
  return message("; for all resolutions: ", found->second, ", with ", key.path, "={}");
}

// "; did you mean B?" for a value that is almost an allowed one.
std::string similar_value(const Key& key, const std::string& given) {
  std::string nearest;
  if (key.kind == KeyKind::integer_table || key.kind == KeyKind::number_table) {
    return number_for_all(key, given);
  }
  if (key.kind == KeyKind::choice) {
    nearest = nearest_value(given, {key.names.begin(), key.names.end()});
  } else if (key.kind == KeyKind::integer && key.form != KeyForm::any) {
    nearest = nearest_power_of_two(key, given);
  } else if (key.form == KeyForm::device) {
    nearest = similar_device(given);
  } else if (key.kind == KeyKind::flag) {
    for (const char* yes : {"yes", "on", "1", "True", "TRUE"}) {
      if (given == yes) nearest = "true";
    }
    for (const char* no : {"no", "off", "0", "False", "FALSE"}) {
      if (given == no) nearest = "false";
    }
  }
  return nearest.empty() ? "" : message("; did you mean ", nearest, "?");
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
      if (key.form == KeyForm::grid) {
        return message("auto or ROWSxCOLUMNS, such as 8x8, of at most ", kMostGridImages,
                       " images");
      }
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
  if (key.form == KeyForm::bytes) {
    const std::string unit = missing_unit(unquoted(given));
    if (!unit.empty()) throw UsageError(message(key.path, ": ", unit));
  }
  // Only a name that is not UTF-8 is not allowed as a path.
  const char* advice =
      key.form == KeyForm::path && !is_utf8(given) ? "; rename the file or folder" : "";
  throw UsageError(message(key.path, ": expected ", allowed_text(key), ", got ", given, advice,
                           similar_value(key, unquoted(given))));
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
