// wrong_arguments.h: the errors of a command line, each with what was probably meant.
//
// All throw UsageError. `command` is the command as far as it was read, or the program itself.
#pragma once

#include <string>
#include <utility>

#include "apps/command_line/command.h"

namespace pg::apps {

[[noreturn]] void throw_unknown_command(const Command& command, const std::string& word);
[[noreturn]] void throw_missing_command(const Command& command);

// `name` as typed, such as "--outdir".
[[noreturn]] void throw_unknown_option(const Command& command, const std::string& name);

// `next`: the option that follows instead of a value; empty: nothing follows.
[[noreturn]] void throw_missing_value(const Command& command, const Option& option,
                                      const std::string& name, const std::string& next);
[[noreturn]] void throw_missing_option(const Command& command, const Option& option);

[[noreturn]] void throw_repeated(const Command& command, const Option& option,
                                 const std::string& name, const std::string& first,
                                 const std::string& second);

// For a value such as "$NAME" of a variable that is not set.
[[noreturn]] void throw_empty_value(const Command& command, const Option& option,
                                    const std::string& name);

// Throws for an address on the internet, and for "-" as a file to write.
void check_path(const Command& command, const Option& option, const std::string& name,
                const std::string& value);

// Two options that exclude each other.
[[noreturn]] void throw_excluded(const Command& command, const Option& one, const Option& other);

// For a word behind the last one that the command takes, `first`. `before`: the option that
// precedes it, as typed, and its value; empty: none does.
[[noreturn]] void throw_second_word(const Command& command, const Option& option,
                                    const std::string& first, const std::string& second,
                                    const std::pair<std::string, std::string>& before);

// For an option behind "--", if there are more words than the command takes.
[[noreturn]] void throw_option_as_name(const Command& command, const std::string& option);

// `after_flag`: the flag that precedes the word, or nothing.
[[noreturn]] void throw_extra_word(const Command& command, const std::string& word,
                                   const std::string& after_flag);

// Whether a word begins with a dash that word processors make of two hyphens.
bool has_long_dash(const std::string& word);

// " (see progan_cuda train --help)", the end of a message.
std::string see_help(const Command& command);

}  // namespace pg::apps
