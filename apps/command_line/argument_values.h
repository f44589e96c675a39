// argument_values.h: numbers and choices of a command line, checked for all options alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/command_line/command.h"

namespace pg::apps {

// "64", "-3", "007" (7), "1e5", "64.0", "0x40": a whole number that fits into 64 bits.
std::optional<int64_t> parse_integer(std::string_view text);

// The value of `option`, typed as `name`, with numbers in decimal. Throws UsageError("NAME:
// expected an integer from A to B, got 'VALUE'") if its declaration does not allow it.
std::string checked_value(const Option& option, const std::string& name, const std::string& value);

}  // namespace pg::apps
