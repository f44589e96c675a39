// completion_zsh.cpp: the script for zsh.
#include <string>

#include "apps/command_line/completion.h"
#include "apps/command_line/tree.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"

namespace pg::apps {
namespace {

constexpr const char* kStart = R"(#compdef progan_cuda
# Completes command lines of progan_cuda in zsh.
_progan_cuda_setting() {
  if compset -P '*='; then
    case $IPREFIX in
)";
constexpr const char* kSettings = R"(    esac
  else
    compadd -S '' -- )";
constexpr const char* kCommands = R"(
  fi
}
_progan_cuda() {
  local command=$words[2]
  local -a commands
)";
constexpr const char* kEnd = R"(  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _progan_cuda "$@"
else
  compdef _progan_cuda progan_cuda
fi
)";

// Inside single quotes, with the characters escaped that end a description.
std::string quoted(const std::string& text, bool option) {
  std::string result;
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      const bool special = c == ':' || c == '\\' || (option && (c == '[' || c == ']'));
      result += special ? std::string("\\") + c : std::string(1, c);
    }
  }
  return result;
}

// The first clause: menus have one line for each option.
std::string short_text(const std::string& text) {
  const size_t end = text.find_first_of(";(\n");
  std::string start = text.substr(0, end);
  while (start.ends_with(' ')) start.pop_back();
  return start;
}

std::string action_of(const Option& option) {
  const Candidates candidates = candidates_of(option);
  if (candidates.settings) return "_progan_cuda_setting";
  if (candidates.files) return "_files";
  std::string words;
  for (const std::string& word : candidates.words) words += (words.empty() ? "" : " ") + word;
  return words.empty() ? " " : "(" + words + ")";
}

// One argument of _arguments for every spelling of an option, and one for its free word.
std::string option_lines(const Option& option) {
  std::string value;
  if (!is_flag(option)) {
    value = message(option.get_items_expected_min() == 0 ? "::" : ":", value_name(option), ":",
                    action_of(option));
  }
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  std::string text, others;
  for (const std::string& name : names) others += (others.empty() ? "" : " ") + name;
  for (const std::string& name : names) {
    const std::string start = is_repeatable(option) ? "*" : "(" + others + ")";
    text += message(" \\\n        '", start, name, "[",
                    quoted(short_text(option.get_description()), true), "]", value, "'");
  }
  if (option.get_positional()) {
    text += message(" \\\n        '", is_repeatable(option) ? "*" : "", "::", value_name(option),
                    ":", action_of(option), "'");
  }
  return text;
}

std::string described(const Command& app) {
  std::string text;
  for (const Command* command : visible_commands(app)) {
    text += message(" \\\n      '", command->get_name(), ":",
                    quoted(short_text(command->get_description()), false), "'");
  }
  return text;
}

std::string setting_cases() {
  std::string text;
  for (const Key& key : keys()) {
    if (key.kind != KeyKind::choice && key.kind != KeyKind::flag) continue;
    std::string words = key.kind == KeyKind::flag ? "true false" : "";
    for (const std::string_view name : key.names) words += message(words.empty() ? "" : " ", name);
    text += message("      *", key.path, "=) compadd -- ", words, " ;;\n");
  }
  return text;
}

// Descends into a command that has commands.
std::string group_case(const Command& command) {
  return message("  if [[ $command == ", command.get_name(),
                 " ]]; then\n    if (( CURRENT == 3 )); then\n      commands=(", described(command),
                 ")\n      _describe command commands\n      return\n    fi\n"
                 "    command+=\" $words[3]\"\n    shift words; (( CURRENT-- ))\n  fi\n");
}

}  // namespace

std::string zsh_completion(const Command& app) {
  std::string keys_text, text = kStart + setting_cases() + kSettings;
  for (const Key& key : keys()) keys_text += (keys_text.empty() ? "" : " ") + key.path + "=";
  text += keys_text + kCommands;
  text += message("  if (( CURRENT == 2 )); then\n    commands=(", described(app),
                  ")\n    _describe command commands\n    return\n  fi\n");
  for (const Command* command : visible_commands(app)) {
    if (has_commands(*command)) text += group_case(*command);
  }
  text += "  shift words; (( CURRENT-- ))\n  case $command in\n";
  for (const Command* command : final_commands(app)) {
    text += message("    '", command_path(*command), "')\n      _arguments -s -S");
    for (const Option* option : visible_options(*command)) text += option_lines(*option);
    text += " ;;\n";
  }
  return text + kEnd;
}

}  // namespace pg::apps
