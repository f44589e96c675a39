// json.cpp: the scan that comes before the parser.
#include "data/formats/json.h"

#include "kernels/error.h"

namespace pg {

using nlohmann::json;

namespace {

void require(bool holds, const char* what, int64_t most, const char* unit) {
  if (!holds) throw JsonError(message("has ", what, " ", most, " ", unit));
}

}  // namespace

void JsonGate::structure(char c) {
  switch (c) {
    case '[':
    case '{':
      ++depth_;
      ++values_;
      token_ = 0;
      break;
    case ']':
    case '}':
      --depth_;
      token_ = 0;
      break;
    case ',':
      ++values_;
      token_ = 0;
      break;
    case '"':
      in_string_ = true;
      token_ = 0;
      break;
    case ':':
    case ' ':
    case '\n':
    case '\r':
    case '\t':
      token_ = 0;
      break;
    default:
      ++token_;
  }
}

void JsonGate::check(std::string_view piece) {
  bytes_ += static_cast<int64_t>(piece.size());
  require(bytes_ <= limits_.bytes, "more than", limits_.bytes, "bytes");
  for (const char c : piece) {
    if (!in_string_) {
      structure(c);
    } else if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else {
      in_string_ = c != '"';
    }
    token_ += in_string_ ? 1 : 0;
    require(depth_ <= limits_.depth, "values nested more than", limits_.depth, "deep");
    require(token_ <= limits_.token, "a string or number of more than", limits_.token, "bytes");
    require(values_ <= limits_.values, "more than", limits_.values, "values");
  }
}

json parse_json(std::string_view text, const JsonLimits& limits,
                const json::parser_callback_t& callback) {
  JsonGate(limits).check(text);
  try {
    return json::parse(text, callback);
  } catch (const json::exception&) {
    throw JsonError("is not valid JSON");
  }
}

json parse_json_or_discard(std::string_view text, const JsonLimits& limits) {
  try {
    return parse_json(text, limits);
  } catch (const JsonError&) {
    return json(json::value_t::discarded);
  }
}

}  // namespace pg
