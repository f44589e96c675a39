// identity.h: whether two data sets hold the same images, and the same classes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/sets/dataset.h"

namespace pg {

// Two hashes, "SOURCE-PIXELS": of the files that the set was made from (their names, times and
// samples of their content), and of its own checksums up to `resolution`.
std::string data_identity(const Dataset& dataset, int64_t resolution);

// Whether one of the hashes is equal: the same files in another resolution, or copied files.
bool is_same_data(std::string_view a, std::string_view b);

// The class names in order, separated by '/'; a backslash precedes one within a name, and another
// backslash. Only a hash of very long lists.
std::string class_list(std::span<const std::string> names);

// The names in such a list; a hash gives one text, which is not a name.
std::vector<std::string> split_class_list(std::string_view list);

}  // namespace pg
