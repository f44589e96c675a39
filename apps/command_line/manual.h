// manual.h: manual pages in roff, made from the declared options and the table of settings.
#pragma once

#include <string>

#include "apps/command_line/command.h"

namespace pg::apps {

// The page of a command, or of the program itself.
std::string manual_page(const Command& command);

// Adds the command man.
void add_man(Command& app);

}  // namespace pg::apps
