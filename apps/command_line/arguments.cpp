// arguments.cpp: matches words with the declared commands and options.
#include "apps/command_line/arguments.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <utility>

#include "apps/command_line/argument_values.h"
#include "apps/command_line/tree.h"
#include "apps/command_line/wrong_arguments.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

// "-" and "-5" are values.
bool looks_like_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-' &&
         std::isdigit(static_cast<unsigned char>(word[1])) == 0 && word[1] != '.';
}

bool is_assignment(const std::string& word) {
  const size_t equals = word.find('='), dot = word.find('.');
  return equals != std::string::npos && dot < equals;
}

class Reader {
 public:
  Reader(const Command& app, const std::vector<std::string>& words)
      : command_(&app), words_(words) {}

  std::vector<std::string> read() {
    while (at_ < words_.size()) read_word();
    check_complete();
    std::vector<std::string> result = path_;
    result.insert(result.end(), positionals_.begin(), positionals_.end());
    result.insert(result.end(), options_.begin(), options_.end());
    return result;
  }

 private:
  struct Given {
    const Option* option;
    std::string value;
  };

  void read_word() {
    const std::string& word = words_[at_++];
    if (only_positionals_) {
      const bool option = find_option(*command_, word.substr(0, word.find('='))) != nullptr;
      if (option && option_as_name_.empty()) option_as_name_ = word;
      return read_positional(word);
    }
    if (word == "--") {
      only_positionals_ = true;
    } else if (looks_like_option(word)) {
      read_option(word);
    } else if (has_commands(*command_)) {
      read_command(word);
    } else {
      read_positional(word);
    }
  }

  void read_command(const std::string& word) {
    const Command* command = find_command(*command_, word);
    if (command == nullptr) throw_unknown_command(*command_, word);
    command_ = command;
    path_.push_back(word);
  }

  void read_option(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* option = find_option(*command_, name);
    if (option == nullptr) throw_unknown_option(*command_, name);
    if (equals != std::string::npos && is_flag(*option) && option->get_fnames().empty()) {
      throw UsageError(message(name, " takes no value, got '", shown(word.substr(equals + 1)), "'",
                               see_help(*command_)));
    }
    if (equals != std::string::npos) {
      add(*option, name, word.substr(equals + 1));
    } else if (is_flag(*option)) {
      options_.push_back(name);
      after_flag_ = name;
      return;
    } else if (takes_next(*option, name)) {
      add(*option, name, words_[at_++]);
      while (takes_more(*option)) add(*option, name, words_[at_++]);
    } else {
      options_.push_back(name);  // its value may be omitted
    }
    after_flag_.clear();
    if (!given_.empty()) before_ = {name, given_.back().value};
  }

  // Whether the next word is the value of this option.
  bool takes_next(const Option& option, const std::string& name) const {
    const bool ends = at_ == words_.size();
    if (option.get_items_expected_min() == 0) return !ends && !looks_like_option(words_[at_]);
    if (ends) throw_missing_value(*command_, option, name, "");
    const std::string& next = words_[at_];
    const bool is_option =
        next.starts_with("--") || find_option(*command_, next.substr(0, next.find('='))) != nullptr;
    if (is_option) throw_missing_value(*command_, option, name, next);
    return true;
  }

  // "--op A B" of a command without free words, and "--set a.b=1 c.d=2".
  bool takes_more(const Option& option) const {
    if (!is_repeatable(option) || at_ == words_.size() || looks_like_option(words_[at_])) {
      return false;
    }
    return !has_positionals(*command_) || is_assignment(words_[at_]);
  }

  void read_positional(const std::string& word) {
    const auto before = std::exchange(before_, {});
    const bool setting = is_assignment(word) && find_option(*command_, "--set") != nullptr &&
                         !std::filesystem::exists(word);
    if (setting || has_long_dash(word)) throw_extra_word(*command_, word, "");
    const Option* last = nullptr;
    for (const Option* option : command_->get_options()) {
      if (!option->get_positional()) continue;
      if (is_repeatable(*option) || !is_given(*option)) {
        return add(*option, option->get_name(true), word);
      }
      last = option;
    }
    if (!option_as_name_.empty()) throw_option_as_name(*command_, option_as_name_);
    if (last == nullptr || !after_flag_.empty()) throw_extra_word(*command_, word, after_flag_);
    const auto first = std::find_if(given_.begin(), given_.end(),
                                    [&](const Given& g) { return g.option == last; });
    if (first->value == word) return;
    throw_second_word(*command_, *last, first->value, word, before);
  }

  bool is_given(const Option& option) const {
    return std::any_of(given_.begin(), given_.end(),
                       [&](const Given& g) { return g.option == &option; });
  }

  void add(const Option& option, const std::string& name, const std::string& value) {
    if (value.empty()) throw_empty_value(*command_, option, name);
    check_path(*command_, option, name, value);
    const std::string checked = is_flag(option) ? value : checked_value(option, name, value);
    for (const Given& before : given_) {
      if (before.option != &option || is_repeatable(option)) continue;
      if (before.value == checked) return;
      throw_repeated(*command_, option, name, before.value, checked);
    }
    given_.push_back({&option, checked});
    if (option.get_lnames().empty()) {
      positionals_.push_back(unmistakable(checked));
    } else {
      options_.push_back("--" + option.get_lnames()[0] + "=" + checked);
    }
  }

  // The parser takes some words for commands or options wherever they are.
  std::string unmistakable(const std::string& word) const {
    const bool mistaken = looks_like_option(word) || find_command(root(*command_), word) != nullptr;
    return mistaken ? "./" + word : word;
  }

  void check_complete() const {
    if (has_commands(*command_)) throw_missing_command(*command_);
    for (const Option* option : command_->get_options()) {
      if (option->get_required() && !is_given(*option)) throw_missing_option(*command_, *option);
      for (const Option* other : option->get_excludes()) {
        if (is_given(*option) && is_given(*other)) throw_excluded(*command_, *option, *other);
      }
    }
  }

  const Command* command_;
  const std::vector<std::string>& words_;
  size_t at_ = 0;
  bool only_positionals_ = false;
  std::string option_as_name_;                  // the first one behind "--"
  std::string after_flag_;                      // the flag just read, which takes no value
  std::pair<std::string, std::string> before_;  // the option just read and its value
  std::vector<std::string> path_, positionals_, options_;
  std::vector<Given> given_;
};

// The commands named by `words` from `at` on, and --help. Throws for an unknown one.
std::vector<std::string> help_of(const Command& app, const std::vector<std::string>& words,
                                 size_t at) {
  std::vector<std::string> result;
  const Command* command = &app;
  for (; at < words.size() && has_commands(*command); ++at) {
    const Command* next = find_command(*command, words[at]);
    if (next == nullptr && looks_like_option(words[at])) break;
    if (next == nullptr) throw_unknown_command(*command, words[at]);
    command = next;
    result.push_back(words[at]);
  }
  if (at < words.size() && words[0] == "help") throw_extra_word(*command, words[at], "");
  result.push_back("--help");
  return result;
}

// "COMMAND help", unless a file or folder has this name; "man help" is a manual page.
bool ends_with_help(const Command& app, const std::vector<std::string>& words) {
  if (words.back() != "help" || words.front() == "man" || std::filesystem::exists("help"))
    return false;
  const Command* command = &app;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    command = find_command(*command, words[i]);
    if (command == nullptr) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> checked_arguments(const Command& app,
                                           const std::vector<std::string>& words) {
  if (words.empty()) return {};
  const auto end = std::find(words.begin(), words.end(), "--");
  const auto has = [&](std::string_view word) {
    return std::find(words.begin(), end, word) != end;
  };
  if (words[0] == "help") return help_of(app, words, 1);
  if (has("--help") || has("-h") || ends_with_help(app, words)) return help_of(app, words, 0);
  if (words[0] == "version" && words.size() > 1) {
    throw_extra_word(*find_command(app, "version"), words[1], "");
  }
  if (words[0] == "version" || has("--version")) return {"--version"};
  return Reader(app, words).read();
}

}  // namespace pg::apps
