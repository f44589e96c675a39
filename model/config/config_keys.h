// config_keys.h: the table of configuration keys: the only place with the name, type, allowed
// values and meaning of each.
//
// Values pass through KeyValue; TOML files, command lines and messages need no code per key.
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

// A value between text and Config: a choice is its name, a table of integers holds numbers.
using KeyValue = std::variant<bool, int64_t, double, std::string, std::map<int64_t, double>>;

enum class KeyKind { flag, integer, number, text, choice, integer_table, number_table };
// Every text has a form: a device, a grid, a size, a path of the user's machine, the name of a
// folder to create (a path if it has a slash), or text without paths.
enum class KeyForm {
  any,
  power_of_two,
  power_of_two_or_zero,
  device,
  grid,
  bytes,
  path,
  name,
  text
};

struct KeyRange {
  double min = 0.0;  // inclusive
  double max = 0.0;  // inclusive
};

struct Key {
  std::string path;  // "section.member"
  std::string help;
  KeyKind kind = KeyKind::text;
  KeyForm form = KeyForm::any;
  KeyRange range;                       // of integers, numbers, and the values of tables
  std::vector<std::string_view> names;  // of a choice
  KeyValue (*get)(const Config&) = nullptr;
  void (*set)(Config&, const KeyValue&) = nullptr;  // only with a result of `checked`
};

// All keys, in the order of the structs in config.h.
std::span<const Key> keys();

// Default, meaning and allowed values of a key, three lines.
std::string describe_key(const Key& key);

// The keys that a word names: a key, all keys of a section ("model"), or all keys with this last
// part ("resolution"). Throws UsageError if there is none, with the nearest known one.
std::vector<const Key*> keys_named(std::string_view word);

// nullptr if no key has that path.
const Key* find_key(std::string_view path);

// Throws the UsageError for an unknown key, with the nearest known one.
[[noreturn]] void throw_unknown_key(std::string_view path);

// `value` converted to the type that key.set expects (5 for a number, 600.0 for an integer). Throws
// UsageError if it has another type or is not allowed: "KEY: expected ALLOWED, got VALUE".
KeyValue checked(const Key& key, const KeyValue& value);

// The allowed values: "an integer from 1 to 1000", "mean or sum".
std::string allowed_text(const Key& key);

// Throws the UsageError "KEY: expected ALLOWED, got GIVEN".
[[noreturn]] void throw_not_allowed(const Key& key, std::string_view given);

// The value as TOML; numbers in the shortest form that reads back to the same bits.
std::string to_text(const KeyValue& value);

}  // namespace pg
