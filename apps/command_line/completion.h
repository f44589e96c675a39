// completion.h: scripts that complete command lines in a shell, made from the declared options.
#pragma once

#include <string>
#include <vector>

#include "apps/command_line/command.h"

namespace pg::apps {

// The words that can follow an option.
struct Candidates {
  std::vector<std::string> words;
  bool files = false;     // names of files and folders as well
  bool runs = false;      // folders in runs/
  bool settings = false;  // KEY=VALUE
};

Candidates candidates_of(const Option& option);

std::string bash_completion(const Command& app);
std::string zsh_completion(const Command& app);

// All commands that have options of their own, such as "dataset check" but not "dataset".
std::vector<const Command*> final_commands(const Command& app);

// Adds the command completion.
void add_completion(Command& app);

}  // namespace pg::apps
