// help.cpp: lays out help texts in two columns.
#include "apps/command_line/help.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "apps/command_line/tree.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kLeft = 26;  // of the right column

// A name in the left column, its meaning in the right one: below it if the name is long.
std::string row(const std::string& name, const std::string& meaning) {
  std::string line = "  " + name;
  if (line.size() + 2 > kLeft) {
    line += "\n" + std::string(kLeft, ' ');
  } else {
    line.resize(kLeft, ' ');
  }
  return line + wrapped(meaning, kWidth - kLeft, kLeft) + "\n";
}

std::string command_rows(const Command& app) {
  std::string text;
  for (const Command* command : visible_commands(app)) {
    text += row(command->get_name(), command->get_description());
  }
  return text;
}

std::string option_rows(const Command& command) {
  std::string text;
  const auto add = [&](const Option* option) {
    text += row(option_spelling(*option), option->get_description());
  };
  const std::vector<const Option*> all = visible_options(command);
  const auto is_help = [&](const Option* o) { return o == command.get_help_ptr(); };
  for (const Option* option : all) {
    if (!option->get_lnames().empty() && !is_help(option)) add(option);
  }
  add(command.get_help_ptr());
  return text;
}

std::string argument_rows(const Command& command) {
  std::string text;
  for (const Option* option : visible_options(command)) {
    if (!option->get_positional()) continue;
    const bool same = !option->get_lnames().empty();
    text += row(value_name(*option),
                same ? "the same as " + long_name(*option) : option->get_description());
  }
  return text.empty() ? "" : "\nArguments:\n" + text;
}

}  // namespace

std::string wrapped(std::string_view text, size_t width, size_t indent) {
  std::string result;
  size_t column = 0;
  while (!text.empty()) {
    const size_t length = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, length);
    if (column > 0 && column + 1 + length > width) {
      result += message("\n", std::string(indent, ' '));
      column = 0;
    }
    if (column > 0 && length > 0) result += ' ', ++column;
    result += word;
    column += length;
    const bool breaks = length < text.size() && text[length] == '\n';
    if (breaks) {
      result += message("\n", std::string(indent, ' '));
      column = 0;
    }
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return result;
}

std::string option_spelling(const Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  const std::string value = value_name(option);
  if (value.empty()) return text;
  const bool may_be_omitted = option.get_items_expected_min() == 0;
  return text + (may_be_omitted ? " [" + value + "]" : " " + value);
}

std::string usage_line(const Command& command) {
  const std::string path = command_path(command);
  std::string line = path.empty() ? "progan_cuda" : "progan_cuda " + path;
  if (has_commands(command)) return line + " COMMAND ...";
  for (const Option* option : visible_options(command)) {
    const std::string name = value_name(*option);
    if (option->get_positional()) {
      const std::string word = is_repeatable(*option) ? name + "..." : name;
      line += option->get_required() ? message(" ", word) : message(" [", word, "]");
    } else if (option->get_required()) {
      line += message(" ", long_name(*option), " ", name);
    }
  }
  return line + " [OPTION...]";
}

std::string help_text(const Command& command) {
  std::string text = message(wrapped(command.get_description(), kWidth, 0),
                             "\n\nUsage: ", usage_line(command), "\n");
  if (has_commands(command)) {
    text += "\nCommands:\n" + command_rows(command);
  } else {
    text += argument_rows(command);
  }
  text += "\nOptions:\n" + option_rows(command);
  if (!command.get_footer().empty()) text += message("\n", command.get_footer(), "\n");
  return text;
}

void add_help(Command& app) {
  Command* help = app.add_subcommand("help", "Print the options of a command");
  auto words = std::make_shared<std::vector<std::string>>();
  help->add_option("COMMAND", *words, "the command (default: a list of all commands)");
  app.add_subcommand("version", "Print the version of this program");
}

void use_own_help(Command& app) {
  // Commands take over what makes the help of the command above them.
  app.formatter_fn(help_text);
}

}  // namespace pg::apps
