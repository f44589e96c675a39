// wrong_arguments.h: the errors of a command line, each with what was probably meant.
//
// All throw UsageError. `command` is the command as far as it was read, or the program itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace pg::apps {

[[noreturn]] void throw_unknown_command(const CLI::App& command, const std::string& word);
[[noreturn]] void throw_missing_command(const CLI::App& command);

// `name` as typed, such as "--outdir".
[[noreturn]] void throw_unknown_option(const CLI::App& command, const std::string& name);

// `next`: the option that follows instead of a value; empty: nothing follows.
[[noreturn]] void throw_missing_value(const CLI::App& command, const CLI::Option& option,
                                      const std::string& name, const std::string& next);
[[noreturn]] void throw_missing_option(const CLI::App& command, const CLI::Option& option);

[[noreturn]] void throw_repeated(const CLI::App& command, const CLI::Option& option,
                                 const std::string& name, const std::string& first,
                                 const std::string& second);

// `after_flag`: the flag that precedes the word, or nothing.
[[noreturn]] void throw_extra_word(const CLI::App& command, const std::string& word,
                                   const std::string& after_flag);

// Whether a word begins with a dash that word processors make of two hyphens.
bool has_long_dash(const std::string& word);

// " (see progan_cuda train --help)", the end of a message.
std::string see_help(const CLI::App& command);

}  // namespace pg::apps
