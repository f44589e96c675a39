// tree.h: questions about the commands and options that the program declares.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pg::apps {

// Commands that a person may use, in the order of their declaration.
std::vector<const CLI::App*> visible_commands(const CLI::App& app);
bool has_commands(const CLI::App& app);

// A command, hidden ones included; nullptr if there is none.
const CLI::App* find_command(const CLI::App& app, std::string_view name);

// The program itself, above all commands.
const CLI::App& root(const CLI::App& command);

// "train", "dataset check"; empty for the program itself.
std::string command_path(const CLI::App& command);

// Options that a person may use, --help included.
std::vector<const CLI::Option*> visible_options(const CLI::App& command);

// The option with this name as typed, such as "--data" or "-d"; nullptr if there is none.
const CLI::Option* find_option(const CLI::App& command, const std::string& name);

bool has_positionals(const CLI::App& command);

// An option without a value.
bool is_flag(const CLI::Option& option);

// An option that may be given several times, each with another value.
bool is_repeatable(const CLI::Option& option);

// "--data" rather than "-d"; "FILE" for a word without an option.
std::string long_name(const CLI::Option& option);

// How a value of this option is named: "DATA", "N"; empty for a flag.
std::string value_name(const CLI::Option& option);

// The values among which the declaration lets choose: {"G", "Gs", "D"}; none if it lists none.
std::vector<std::string> choices_of(const CLI::Option& option);

}  // namespace pg::apps
