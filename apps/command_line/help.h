// help.h: help texts of commands, at most 80 columns wide.
#pragma once

#include <string>
#include <string_view>

#include "apps/command_line/command.h"

namespace pg::apps {

// Makes every command print its help with help_text.
void use_own_help(Command& app);

// Adds the commands help and version, which checked_arguments answers, for lists of commands.
void add_help(Command& app);

// Description, usage, free words and options of a command; of the program: its commands.
std::string help_text(const Command& command);

// "progan_cuda generate RUN [OPTION...]".
std::string usage_line(const Command& command);

// "-d, --data DATA", "--resume [RUN]", "--quiet".
std::string option_spelling(const Option& option);

// `text` in lines of at most `width` characters, broken between words; each line after the first is
// indented by `indent` spaces, which count. Line breaks in `text` stay.
std::string wrapped(std::string_view text, size_t width, size_t indent);

}  // namespace pg::apps
