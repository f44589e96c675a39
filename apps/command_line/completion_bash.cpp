// completion_bash.cpp: the script for bash.
#include <string>

#include "apps/command_line/completion.h"
#include "apps/command_line/tree.h"
#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"

namespace pg::apps {
namespace {

// '=' splits words in bash: "--set a.b=c" is "--set" "a.b" "=" "c".
constexpr const char* kStart = R"(# Completes command lines of progan_cuda in bash.
_progan_cuda() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
  local command= i words= files=
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$command:${COMP_WORDS[i]}" in
)";
constexpr const char* kMiddle = R"(    esac
  done
  case "$command:$before" in
)";
constexpr const char* kOptions = R"(  esac
  if [[ -z $words$files || $current == -* ]]; then
    case "$command" in
)";
constexpr const char* kEnd = R"(    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -n $files && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
  [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F _progan_cuda progan_cuda
)";

// "cmd:--data | cmd:-d", the places after the names of an option.
std::string patterns(const std::string& path, const Option& option) {
  std::vector<std::string> all;
  for (const std::string& name : option.get_lnames())
    all.push_back("'" + path + ":--" + name + "'");
  for (const std::string& name : option.get_snames()) all.push_back("'" + path + ":-" + name + "'");
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : " | ") + one;
  return text;
}

// With a blank between two words, as compgen reads them.
std::string in_one_line(const auto& words) {
  std::string line;
  for (const auto& word : words) line += message(line.empty() ? "" : " ", word);
  return line;
}

std::string values_text(const Candidates& candidates) {
  std::vector<std::string> words = candidates.words;
  if (candidates.settings) {
    for (const Key& key : keys()) words.push_back(key.path + "=");
  }
  const std::string list = in_one_line(words);
  if (candidates.runs) return "words=$(command ls runs 2>/dev/null) files=yes";
  return message("words='", list, "'", candidates.files ? " files=yes" : "");
}

std::string command_cases(const Command& app) {
  std::string text;
  for (const Command* command : visible_commands(app)) {
    const std::string above = command_path(app);
    text += message("      '", above, ":", command->get_name(), "') command='",
                    command_path(*command), "' ;;\n", command_cases(*command));
  }
  return text;
}

std::string value_cases(const Command& app) {
  std::string text;
  for (const Command* command : final_commands(app)) {
    for (const Option* option : visible_options(*command)) {
      const std::string where = patterns(command_path(*command), *option);
      if (where.empty() || is_flag(*option)) continue;
      const Candidates candidates = candidates_of(*option);
      if (candidates.words.empty() && !candidates.files && !candidates.settings) {
        text += message("    ", where, ") return ;;\n");
      } else {
        text += message("    ", where, ") ", values_text(candidates), " ;;\n");
      }
    }
  }
  for (const Key& key : keys()) {
    if (key.kind != KeyKind::choice && key.kind != KeyKind::flag) continue;
    text += message("    *':", key.path, "') words='",
                    key.kind == KeyKind::flag ? "true false" : in_one_line(key.names), "' ;;\n");
  }
  return text;
}

// The options of every command, its own commands, and files where it takes free words.
std::string option_cases(const Command& app) {
  std::string text;
  const auto add = [&](const Command& command) {
    std::string words;
    bool files = false, runs = false;
    for (const Command* below : visible_commands(command)) words += below->get_name() + " ";
    for (const Option* option : visible_options(command)) {
      for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
      if (!option->get_positional()) continue;
      const Candidates candidates = candidates_of(*option);
      for (const std::string& word : candidates.words) words += word + " ";
      files = files || candidates.files;
      runs = runs || candidates.runs;
    }
    words.pop_back();
    text += message("      '", command_path(command), "') words='", words, "'",
                    runs ? "\" $(command ls runs 2>/dev/null)\"" : "", files ? " files=yes" : "",
                    " ;;\n");
  };
  add(app);
  for (const Command* command : visible_commands(app)) {
    if (has_commands(*command)) add(*command);
  }
  for (const Command* command : final_commands(app)) add(*command);
  return text;
}

}  // namespace

std::string bash_completion(const Command& app) {
  return message(kStart, command_cases(app), kMiddle, value_cases(app), kOptions, option_cases(app),
                 kEnd);
}

}  // namespace pg::apps
