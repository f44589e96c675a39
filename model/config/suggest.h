// suggest.h: the nearest known name to one that was mistyped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

// Insertions, deletions and replacements that turn a into b (Levenshtein).
int64_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `name`, or an empty string where none is near enough to be meant. Dotted
// names are also compared by their last part alone, so that a forgotten section is found.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace pg
