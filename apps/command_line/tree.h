// tree.h: questions about the commands and options that the program declares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/command_line/command.h"

namespace pg::apps {

// Commands that a person may use, in the order of their declaration.
std::vector<const Command*> visible_commands(const Command& app);
bool has_commands(const Command& app);

// A command, hidden ones included; nullptr if there is none.
const Command* find_command(const Command& app, std::string_view name);

// The program itself, above all commands.
const Command& root(const Command& command);

// "train", "dataset check"; empty for the program itself.
std::string command_path(const Command& command);

// Options that a person may use, --help included.
std::vector<const Option*> visible_options(const Command& command);

// The option with this name as typed, such as "--data" or "-d"; nullptr if there is none.
const Option* find_option(const Command& command, const std::string& name);

bool has_positionals(const Command& command);

// An option without a value.
bool is_flag(const Option& option);

// An option that may be given several times, each with another value.
bool is_repeatable(const Option& option);

// "--data" rather than "-d"; "FILE" for a word without an option.
std::string long_name(const Option& option);

// How a value of this option is named: "DATA", "N"; empty for a flag.
std::string value_name(const Option& option);

// The values among which the declaration lets choose: {"G", "Gs", "D"}; none if it lists none.
std::vector<std::string> choices_of(const Option& option);

}  // namespace pg::apps
