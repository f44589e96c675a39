// tree.cpp: reads the declarations.
#include "apps/command_line/tree.h"

#include <array>
#include <sstream>
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

std::vector<const Command*> visible_commands(const Command& app) {
  std::vector<const Command*> all = app.get_subcommands();
  std::erase_if(all, [](const Command* command) { return command->get_group().empty(); });
  return all;
}

bool has_commands(const Command& app) { return !app.get_subcommands().empty(); }

const Command* find_command(const Command& app, std::string_view name) {
  for (const Command* command : app.get_subcommands()) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

const Command& root(const Command& command) {
  const Command* app = &command;
  while (app->get_parent() != nullptr) app = app->get_parent();
  return *app;
}

std::string command_path(const Command& command) {
  if (command.get_parent() == nullptr) return "";
  const std::string above = command_path(*command.get_parent());
  return above.empty() ? command.get_name() : above + " " + command.get_name();
}

std::vector<const Option*> visible_options(const Command& command) {
  std::vector<const Option*> all = command.get_options();
  std::erase_if(all, [](const Option* o) { return o->get_group().empty(); });
  return all;
}

const Option* find_option(const Command& command, const std::string& name) {
  for (const Option* option : command.get_options()) {
    for (const std::string& known : option->get_lnames()) {
      if (name == "--" + known) return option;
    }
    for (const std::string& known : option->get_snames()) {
      if (name == "-" + known) return option;
    }
  }
  return nullptr;
}

bool has_positionals(const Command& command) {
  for (const Option* option : command.get_options()) {
    if (option->get_positional()) return true;
  }
  return false;
}

bool is_flag(const Option& option) { return option.get_items_expected_max() == 0; }

bool is_repeatable(const Option& option) {
  return option.get_take_all() || option.get_items_expected_max() > 1;
}

std::string long_name(const Option& option) {
  return option.get_lnames().empty() ? option.get_name(true) : "--" + option.get_lnames()[0];
}

std::string value_name(const Option& option) {
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

std::vector<std::string> choices_of(const Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  std::vector<std::string> choices;
  std::istringstream list(type.substr(open + 1, close - open - 1));
  for (std::string choice; std::getline(list, choice, ',');) choices.push_back(choice);
  return choices;
}

}  // namespace pg::apps
