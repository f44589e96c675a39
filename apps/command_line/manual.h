// manual.h: manual pages in roff, made from the declared options and the table of settings.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace pg::apps {

// The page of a command, or of the program itself.
std::string manual_page(const CLI::App& command);

// Adds the command man.
void add_man(CLI::App& app);

}  // namespace pg::apps
