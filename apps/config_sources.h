// config_sources.h: the options --preset, --config and --set, and the configuration they make.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "apps/command_line/command.h"
#include "model/config/config.h"

namespace pg::apps {

// Applied in this order; later ones override.
struct ConfigSources {
  std::string preset;                    // empty: official-tf
  std::string file;                      // TOML; empty: none
  std::vector<std::string> assignments;  // "section.key=value"
};

void add_config_sources(Command& command, ConfigSources& sources);

// Throws UsageError, IoError, FormatError.
Config load_config(const ConfigSources& sources);

// The keys, "section.key", that the file and the single settings give. Throws IoError, FormatError.
std::set<std::string> given_keys(const ConfigSources& sources);

}  // namespace pg::apps
