// config.cpp: prints all settings, or their descriptions.
#include <cstdio>

#include "apps/commands.h"
#include "apps/config_sources.h"
#include "model/config/config.h"

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
  add_config_sources(*cmd, o->sources);
  cmd->add_flag("--describe", o->describe,
                "print the default, meaning and allowed values of every key instead");
  cmd->callback([o] { print_config(*o); });
}

}  // namespace pg::apps
