// tree.cpp: reads the declarations of CLI11.
#include "apps/command_line/tree.h"

#include <array>
#include <utility>

namespace pg::apps {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

// Names of values that are texts, or numbers with a unit.
constexpr std::array<Row, 27> kValueNames = {
    {{"data", "DATA"},      {"from", "RUN"},          {"resume", "RUN"},    {"out", "PATH"},
     {"preset", "NAME"},    {"config", "FILE"},       {"set", "KEY=VALUE"}, {"device", "DEVICE"},
     {"precision", "NAME"}, {"memory-limit", "SIZE"}, {"seeds", "SEEDS"},   {"grid", "RxC"},
     {"latents", "FILE"},   {"format", "FORMAT"},     {"layout", "NAME"},   {"network", "NAME"},
     {"fit", "NAME"},       {"sheet", "FILE"},        {"pairs", "FILE"},    {"op", "NAME"},
     {"model", "NAME"},     {"class", "CLASS"},       {"gpu", "NAME"},      {"module", "FILE"},
     {"recipe", "NAME"},    {"overlay", "NAME"},      {"json", "FILE"}}};

}  // namespace

std::vector<const CLI::App*> visible_commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_group().empty(); });
}

bool has_commands(const CLI::App& app) {
  return !app.get_subcommands([](const CLI::App*) { return true; }).empty();
}

const CLI::App* find_command(const CLI::App& app, std::string_view name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

const CLI::App& root(const CLI::App& command) {
  const CLI::App* app = &command;
  while (app->get_parent() != nullptr) app = app->get_parent();
  return *app;
}

std::string command_path(const CLI::App& command) {
  if (command.get_parent() == nullptr) return "";
  const std::string above = command_path(*command.get_parent());
  return above.empty() ? command.get_name() : above + " " + command.get_name();
}

std::vector<const CLI::Option*> visible_options(const CLI::App& command) {
  return command.get_options([](const CLI::Option* o) { return !o->get_group().empty(); });
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& known : option->get_lnames()) {
      if (name == "--" + known) return option;
    }
    for (const std::string& known : option->get_snames()) {
      if (name == "-" + known) return option;
    }
  }
  return nullptr;
}

bool has_positionals(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) return true;
  }
  return false;
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

bool is_repeatable(const CLI::Option& option) {
  return option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ||
         option.get_items_expected_max() > 1;
}

std::string long_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name(true) : "--" + option.get_lnames()[0];
}

std::string value_name(const CLI::Option& option) {
  if (is_flag(option)) return "";
  if (option.get_positional()) return option.get_name(true);
  // Of an option whose name has another kind of value in another command.
  if (option.get_type_name() == "RxC") return "RxC";
  const std::string name = option.get_lnames().empty() ? "" : option.get_lnames()[0];
  for (const auto& [known, value] : kValueNames) {
    if (name == known) return std::string(value);
  }
  return option.get_type_name().starts_with("TEXT") ? "VALUE" : "N";
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

}  // namespace pg::apps
