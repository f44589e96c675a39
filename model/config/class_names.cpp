// class_names.cpp: classes by name or number.
#include "model/config/class_names.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "data/files/shown.h"
#include "data/sets/identity.h"
#include "kernels/error.h"
#include "model/config/suggest.h"

namespace pg {
namespace {

constexpr size_t kShown = 400;  // characters of a list in a message

// -1 if the text is not one of the numbers 0 .. count - 1.
int64_t number_below(std::string_view text, int64_t count) {
  int64_t number = -1;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end.ec == std::errc{} && end.ptr == text.data() + text.size();
  return whole && number >= 0 && number < count ? number : -1;
}

// "0 cats, 1 dogs"
std::string numbered(const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    list += message(i > 0 ? ", " : "", i, " ", shown(names[i]));
  }
  return shown(list, kShown);
}

}  // namespace

std::vector<std::string> class_names(const Config& config) {
  std::vector<std::string> names = split_class_list(config.data.classes);
  const bool all = static_cast<int64_t>(names.size()) == label_count(config);
  return all ? names : std::vector<std::string>();
}

int64_t class_number(const Config& config, std::string_view text, const char* option) {
  const int64_t count = label_count(config);
  PG_CHECK(count > 0, UsageError, option, " ", shown(text),
           ": this model was trained without classes");
  const std::vector<std::string> names = class_names(config);
  const auto named = std::find(names.begin(), names.end(), text);
  if (named != names.end()) return named - names.begin();
  const int64_t number = number_below(text, count);
  if (number >= 0) return number;
  PG_CHECK(!names.empty(), UsageError, option, ": expected 0 to ", count - 1,
           ", the classes of this model, got ", shown(text));
  const std::string nearest = nearest_name(text, names);
  const std::string meant = nearest.empty() ? "" : message("did you mean '", shown(nearest), "'? ");
  throw UsageError(message(option, ": unknown class '", shown(text), "': ", meant,
                           "expected a name or number of ", numbered(names)));
}

std::string class_names_json(const std::vector<std::string>& names) {
  return nlohmann::json(names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace pg
