// suggest.h: suggestions for an unknown name: the nearest known one, or all of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

// Insertions, deletions and replacements that turn a into b (Levenshtein).
int64_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `name`, or an empty string if none is near enough. Dotted names are also
// compared by their last part alone, which finds names without their section. A name of at least
// four letters also finds the first candidate that starts with it.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// The value that was meant by `given`: the same in other letters (upper and lower case), or with at
// most a third of its letters wrong. Stricter than nearest_name, since a wrong value may be one
// that does not exist here. Empty if there is none.
std::string nearest_value(std::string_view given, const std::vector<std::string>& values);

// Throws UsageError: "unknown KIND 'NAME': did you mean 'B'?", or "...: expected A, B or C" if no
// candidate is near.
[[noreturn]] void throw_unknown(std::string_view kind, std::string_view name,
                                const std::vector<std::string>& candidates);

}  // namespace pg
