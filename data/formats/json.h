// json.h: JSON from files, with limits on its depth, its size and its number of values.
//
// The parser itself has none: nested brackets overflow the stack of whatever walks through the
// result, a string of a gigabyte takes several, and "[[],[],...]" takes 30 times its size. A scan
// of the brackets, commas and quotes finds these before the parser sees the text.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "data/files/limits.h"

namespace pg {

// "is not valid JSON", "is nested more than 64 deep", ...: a predicate; the caller adds the file.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct JsonLimits {
  int64_t bytes = limits::kJsonBytes;
  int64_t values = limits::kJsonValues;
  int64_t token = limits::kJsonToken;
  int depth = limits::kJsonDepth;
};

// Checks a text that arrives in pieces.
class JsonGate {
 public:
  explicit JsonGate(const JsonLimits& limits) : limits_(limits) {}

  // Throws JsonError as soon as a limit is exceeded.
  void check(std::string_view piece);

 private:
  void structure(char c);

  JsonLimits limits_;
  int64_t bytes_ = 0, values_ = 0, token_ = 0;
  int depth_ = 0;
  bool in_string_ = false, escaped_ = false;
};

// The value of a text. Throws JsonError.
nlohmann::json parse_json(std::string_view text, const JsonLimits& limits = {},
                          const nlohmann::json::parser_callback_t& callback = nullptr);

// The same for text that may be anything: a discarded value if it is not JSON within the limits.
nlohmann::json parse_json_or_discard(std::string_view text, const JsonLimits& limits = {});

}  // namespace pg
