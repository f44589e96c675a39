// config.cpp: prints the settings of a preset, with what was changed on top.
#include <cstdio>

#include "apps/commands.h"
#include "apps/common.h"

namespace pg::apps {
namespace {

struct ConfigOptions {
  ConfigSources sources;
  bool describe = false;
};

void print_config(const ConfigOptions& o) {
  if (o.describe) {
    std::fputs(describe_keys().c_str(), stdout);
    return;
  }
  const Config config = load_config(o.sources);
  validate(config);
  std::fputs(to_toml(config).c_str(), stdout);
}

}  // namespace

void add_config(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("config", "Print all settings as TOML");
  auto o = std::make_shared<ConfigOptions>();
  cmd->add_option("--preset", o->sources.preset, "published variant: official-tf");
  cmd->add_option("--config", o->sources.file, "TOML file on top of it");
  cmd->add_option("--set", o->sources.assignments, "section.key=value on top of that")->take_all();
  cmd->add_flag("--describe", o->describe, "say what every key means and what it may be");
  cmd->callback([o] { print_config(*o); });
}

}  // namespace pg::apps
