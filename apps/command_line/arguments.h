// arguments.h: the words of a command line, checked before the parser reads them.
//
// CLI11 says little about a wrong word, takes the last of repeated options, and reads "-data x" as
// "-d ata". So the words are matched with the declared options first, and the parser receives them
// in a form with one meaning.
#pragma once

#include <string>
#include <vector>

#include "apps/command_line/command.h"

namespace pg::apps {

// `words` without the name of the program, with every value attached to its option and every number
// in decimal: {"train", "photos", "--seed", "1e3"} -> {"train", "--data=photos", "--seed=1000"}.
// --help anywhere, "help COMMAND" and "COMMAND help" become {COMMAND, "--help"}; "version" becomes
// {"--version"}. Throws UsageError, with advice, for an unknown command, option or value, for an
// option with two values, for a missing one, and for a word too many.
std::vector<std::string> checked_arguments(const Command& app,
                                           const std::vector<std::string>& words);

}  // namespace pg::apps
