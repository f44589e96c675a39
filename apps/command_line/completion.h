// completion.h: scripts that complete command lines in a shell, made from the declared options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pg::apps {

// The words that can follow an option.
struct Candidates {
  std::vector<std::string> words;
  bool files = false;     // names of files and folders as well
  bool runs = false;      // folders in runs/
  bool settings = false;  // KEY=VALUE
};

Candidates candidates_of(const CLI::Option& option);

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);

// All commands that have options of their own, such as "dataset check" but not "dataset".
std::vector<const CLI::App*> final_commands(const CLI::App& app);

// Adds the command completion.
void add_completion(CLI::App& app);

}  // namespace pg::apps
