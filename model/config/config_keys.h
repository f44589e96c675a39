// config_keys.h: the table of configuration keys, the one place that knows name, type, allowed
// values and meaning of each.
//
// Values pass through KeyValue, so that TOML files, command lines and messages need no code per
// key.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "data/images/resolutions.h"
#include "model/config/config.h"

namespace pg {

// A value between text and Config: choices travel as their name, tables of integers as numbers.
using KeyValue = std::variant<bool, int64_t, double, std::string, std::map<int64_t, double>>;

enum class KeyKind { flag, integer, number, text, choice, integer_table, number_table };
enum class KeyForm { any, power_of_two, power_of_two_or_zero, device, grid, bytes };

struct KeyRange {
  double min = 0.0;  // both ends belong to it
  double max = 0.0;
};

struct Key {
  std::string path;  // "section.member"
  std::string help;
  KeyKind kind = KeyKind::text;
  KeyForm form = KeyForm::any;
  KeyRange range;                       // integers, numbers, and the values of tables
  std::vector<std::string_view> names;  // choices
  KeyValue (*get)(const Config&) = nullptr;
  void (*set)(Config&, const KeyValue&) = nullptr;  // takes only what `checked` returned
};

// All keys, in the order of the structs in config.h.
std::span<const Key> keys();

// nullptr where there is no such key.
const Key* find_key(std::string_view path);

// Throws the UsageError for a key that does not exist, with the nearest one that does.
[[noreturn]] void throw_unknown_key(std::string_view path);

// `value` converted to what key.set takes (5 for a number, 600.0 for an integer). Throws UsageError
// where it has another type or is not allowed: "KEY is VALUE; it must be ...".
KeyValue checked(const Key& key, const KeyValue& value);

// What a value may be: "an integer from 1 to 1000", "one of mean, sum".
std::string allowed_text(const Key& key);

// Throws "KEY is GIVEN; it must be ALLOWED".
[[noreturn]] void throw_not_allowed(const Key& key, std::string_view given);

// The value as TOML; numbers in the shortest form that reads back as the same bits.
std::string to_text(const KeyValue& value);

}  // namespace pg
