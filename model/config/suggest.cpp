// suggest.cpp: edit distances between names.
#include "model/config/suggest.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

int64_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<int64_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = static_cast<int64_t>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string nearest_name(std::string_view given, const std::vector<std::string>& candidates) {
  const std::string name = lower(given);
  const std::string_view part = last_part(name);
  // Up to a third of the letters wrong is a typo; more is another word.
  const int64_t limit = std::max<int64_t>(2, static_cast<int64_t>(part.size()) / 3);
  const int64_t other_section = name.size() == part.size() ? 0 : 1;
  int64_t best = limit + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    // One more for a match of the last part alone: a match in the given section wins.
    const int64_t distance =
        std::min(edit_distance(name, lower(candidate)),
                 edit_distance(part, lower(last_part(candidate))) + other_section);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  if (!nearest.empty() || part.size() < 4) return nearest;
  for (const std::string& candidate : candidates) {
    if (lower(candidate).starts_with(name) || lower(last_part(candidate)).starts_with(part))
      return candidate;
  }
  return "";
}

std::string nearest_value(std::string_view given, const std::vector<std::string>& values) {
  std::string nearest;
  int64_t best = static_cast<int64_t>(given.size()) / 3 + 1;
  for (const std::string& value : values) {
    const int64_t distance = edit_distance(lower(given), lower(value));
    if (distance < best) {
      best = distance;
      nearest = value;
    }
  }
  return nearest;
}

void throw_unknown(std::string_view kind, std::string_view name,
                   const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(name, candidates);
  if (!nearest.empty()) {
    throw UsageError(message("unknown ", kind, " '", name, "': did you mean '", nearest, "'?"));
  }
  throw UsageError(
      message("unknown ", kind, " '", name, "': expected ", joined(candidates, " or ")));
}

}  // namespace pg
