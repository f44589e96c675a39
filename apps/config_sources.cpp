// config_sources.cpp: the configuration from a preset, a file and single settings.
#include "apps/config_sources.h"

#include <algorithm>
#include <filesystem>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::apps {

namespace {

// Throws UsageError for names of other things.
void check_file(const std::string& file) {
  const std::vector<std::string> presets = preset_names();
  const bool is_preset = std::find(presets.begin(), presets.end(), file) != presets.end();
  std::error_code error;
  PG_CHECK(!is_preset || std::filesystem::exists(file, error), UsageError, "--config ", file,
           ": expected a TOML file; the preset of this name is --preset ", file);
  PG_CHECK(!std::filesystem::is_directory(file, error), UsageError, "--config ", shown(file),
           ": expected a TOML file, got a folder; that of a run is its config.toml");
}

}  // namespace

void add_config_sources(Command& command, ConfigSources& sources) {
  command.add_option("--preset", sources.preset,
                     "published version to start from: " + joined(preset_names(), " or ") +
                         " (default: official-tf)");
  command.add_option("--config", sources.file,
                     "TOML file with settings, applied on top of the preset");
  command
      .add_option(
          "--set", sources.assignments,
          "one setting, section.key=value, applied after the file; may be repeated (all keys: "
          "progan_cuda config --describe)")
      ->take_all();
}

Config load_config(const ConfigSources& sources) {
  Config config = preset(sources.preset.empty() ? "official-tf" : sources.preset);
  if (!sources.file.empty()) {
    check_file(sources.file);
    read_toml(config, sources.file);
  }
  for (const std::string& assignment : sources.assignments) set_assignment(config, assignment);
  return config;
}

std::set<std::string> given_keys(const ConfigSources& sources) {
  std::set<std::string> given;
  if (!sources.file.empty()) given = keys_in_toml(sources.file);
  for (const std::string& assignment : sources.assignments) {
    std::string path = assignment.substr(0, assignment.find('='));
    path.erase(path.find_last_not_of(' ') + 1);
    const size_t section = path.find('.');  // what follows a second dot is an entry of a table
    given.insert(
        path.substr(0, section == std::string::npos ? section : path.find('.', section + 1)));
  }
  return given;
}

}  // namespace pg::apps
