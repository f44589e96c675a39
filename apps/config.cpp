// config.cpp: prints all settings, or their descriptions.
#include "model/config/config.h"
#include "apps/commands.h"
#include "apps/config_sources.h"
#include "apps/print.h"
#include "model/config/config_keys.h"

namespace pg::apps {
namespace {

struct ConfigOptions {
  ConfigSources sources;
  bool describe = false;
  std::vector<std::string> keys;
};

void print_config(const ConfigOptions& o) {
  if (o.describe && o.keys.empty()) return write_output(describe_keys());
  std::vector<const Key*> chosen;
  for (const std::string& word : o.keys) {
    for (const Key* key : keys_named(word)) chosen.push_back(key);
  }
  for (const Key* key : chosen) {
    if (o.describe) write_output(describe_key(*key));
  }
  if (o.describe) return;
  const Config config = load_config(o.sources);
  validate(config);
  if (o.keys.empty()) return write_output(to_toml(config));
  for (const Key* key : chosen) print("{} = {}\n", key->path, to_text(key->get(config)));
}

}  // namespace

void add_config(Command& app) {
  Command* cmd = app.add_subcommand("config", "Print all settings as TOML");
  auto o = std::make_shared<ConfigOptions>();
  add_config_sources(*cmd, o->sources);
  cmd->add_flag("--describe", o->describe,
                "print the default, meaning and allowed values of every key instead");
  cmd->add_option("KEY", o->keys,
                  "only these settings: a key, a section such as model, or the last part of a key "
                  "(default: all)");
  cmd->callback([o] { print_config(*o); });
}

}  // namespace pg::apps
