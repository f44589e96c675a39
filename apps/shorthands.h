// shorthands.h: options of train and plan for settings that people look for first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/command_line/command.h"

namespace pg::apps {

struct Shorthands {
  int64_t batch = 0, gpus = -1;
  std::string mirror, cond;
};

// Adds --batch, --mirror, --cond and --gpus. Once the command line is read, what they stand for is
// put in front of `assignments`, the values of --set, and into `device`, the value of --device.
// That throws UsageError for a value that is not allowed.
void add_shorthands(Command& command, Shorthands& s, std::vector<std::string>& assignments,
                    std::string& device);

}  // namespace pg::apps
