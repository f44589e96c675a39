// class_names.h: the classes of a model by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/config/config.h"

namespace pg {

// The names of the classes that the networks are conditioned on, by number. Empty without classes,
// and if the configuration does not hold them (networks of other programs).
std::vector<std::string> class_names(const Config& config);

// The number of the class with this name, or, if no name is equal, with this number. Throws
// UsageError, naming `option`, with the classes of the model if it has no such class.
int64_t class_number(const Config& config, std::string_view text, const char* option);

// The names as a JSON list, for the metadata of exported files.
std::string class_names_json(const std::vector<std::string>& names);

}  // namespace pg
