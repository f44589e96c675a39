// wrong_arguments.cpp: finds what was probably meant.
#include "apps/command_line/wrong_arguments.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "apps/command_line/foreign_names.h"
#include "apps/command_line/tree.h"
#include "apps/outputs.h"
#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/suggest.h"
#include "model/run/resume_point.h"

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

std::string in_command(const Command& command) {
  const std::string path = command_path(command);
  return path.empty() ? "progan_cuda" : message("progan_cuda ", path);
}

std::string shell_word(const std::string& word) {
  return word.find(' ') == std::string::npos ? word : message("'", word, "'");
}

// The command for a file or folder that was given in the place of one; empty: none.
std::string command_for_path(const std::string& word) {
  std::error_code error;
  const fs::file_status status = fs::status(word, error);
  const std::string shown_word = shell_word(word);
  if (fs::is_directory(status)) {
    bool run = false;
    try {
      run = is_run_folder(word);
    } catch (const Error&) {  // then it is not one
    }
    return message(run ? "generate " : "train ", shown_word);
  }
  if (!fs::is_regular_file(status)) return word.starts_with("builtin:") ? "train " + word : "";
  if (has_ending(word, ".safetensors")) return message("generate ", shown_word);
  for (const char* ending : {".pkl", ".pth", ".pt", ".tar"}) {
    if (has_ending(word, ending)) return message("import ", shown_word, " --out mine.safetensors");
  }
  if (has_ending(word, ".toml")) return message("train --config ", shown_word, " DATA");
  return message("train ", shown_word);
}

// Commands under their names in other programs.
std::string other_name(std::string_view word) {
  constexpr std::array<std::array<std::string_view, 2>, 14> kNames = {{{"sample", "generate"},
                                                                       {"gen", "generate"},
                                                                       {"synthesize", "generate"},
                                                                       {"images", "generate"},
                                                                       {"resume", "train --resume"},
                                                                       {"fit", "train"},
                                                                       {"run", "train"},
                                                                       {"start", "train"},
                                                                       {"video", "interpolate"},
                                                                       {"convert", "import"},
                                                                       {"load", "import"},
                                                                       {"save", "export"},
                                                                       {"describe", "info"},
                                                                       {"settings", "config"}}};
  for (const auto& [name, command] : kNames) {
    if (word == name) return std::string(command);
  }
  return "";
}

[[noreturn]] void throw_long_dash(const Command& command, const std::string& word) {
  throw UsageError(message("'", shown(word),
                           "' has a long dash; type options with two hyphens, such as --help",
                           see_help(command)));
}

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Option* option : visible_options(command)) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// All commands that have the option.
std::vector<std::string> commands_with(const Command& app, const std::string& name) {
  std::vector<std::string> found;
  for (const Command* command : visible_commands(app)) {
    if (find_option(*command, name) != nullptr) found.push_back(command_path(*command));
    for (const Command* below : visible_commands(*command)) {
      if (find_option(*below, name) != nullptr) found.push_back(command_path(*below));
    }
  }
  return found;
}

// The setting with this name or with this last part; empty: none.
std::string setting_named(const std::string& option) {
  std::string name = option.substr(option.find_first_not_of('-'));
  for (char& c : name) c = c == '-' ? '_' : c;
  for (const Key& key : keys()) {
    if (key.path == name || key.path.ends_with("." + name)) return key.path;
  }
  return "";
}

std::string in_brackets(std::string_view remark) {
  return remark.empty() ? "" : message(" (", remark, ")");
}

// The replacement that this command has for an option of another program; empty: none.
std::string advice_on_foreign(const Command& command, const std::string& name) {
  const bool has_settings = find_option(command, "--set") != nullptr;
  for (const ForeignName& row : foreign_names(name)) {
    if (row.instead.empty()) return std::string(row.remark);
    if (row.instead.starts_with("--")) {
      if (find_option(command, std::string(row.instead)) == nullptr) continue;
      return message("did you mean '", row.instead, "'", in_brackets(row.remark), "?");
    }
    if (has_settings) {
      return message("did you mean '--set ", row.instead, "'", in_brackets(row.remark), "?");
    }
  }
  return "";
}

// "-data" for "--data", "--memory_limit" for "--memory-limit".
std::string advice_on_hyphens(const Command& command, const std::string& name) {
  std::string hyphens = name;
  std::replace(hyphens.begin(), hyphens.end(), '_', '-');
  if (hyphens != name && find_option(command, hyphens) != nullptr) {
    return message("did you mean '", hyphens, "'?");
  }
  if (name.starts_with("--") || name.size() < 3) return "";
  const std::string with_two = "-" + name;
  if (find_option(command, with_two) != nullptr) return message("did you mean '", with_two, "'?");
  const std::string start = name.substr(0, 2);
  if (find_option(command, start) != nullptr) {
    return message("write the value of ", start, " as a word of its own: ", start, " ",
                   name.substr(2));
  }
  return "";
}

// The option that begins with the name, if there is one only.
std::string advice_on_start(const Command& command, const std::string& name) {
  std::string found;
  for (const std::string& known : option_names(command)) {
    if (!known.starts_with(name) || name.size() < 4) continue;
    if (!found.empty()) return "";
    found = known;
  }
  return found.empty() ? "" : message("did you mean '", found, "'?");
}

// "--no-mirror" for a flag that is off by itself.
std::string advice_on_negation(const Command& command, const std::string& name) {
  if (!name.starts_with("--no-")) return "";
  const Option* flag = find_option(command, "--" + name.substr(5));
  if (flag == nullptr || !is_flag(*flag)) return "";
  const std::string off =
      flag->get_fnames().empty() ? "" : message(", or write ", long_name(*flag), "=false");
  return message("it is off unless '", long_name(*flag), "' is given", off);
}

std::string advice_on_option(const Command& command, const std::string& name) {
  if (std::string advice = advice_on_negation(command, name); !advice.empty()) return advice;
  if (std::string advice = advice_on_hyphens(command, name); !advice.empty()) return advice;
  if (std::string advice = advice_on_foreign(command, name); !advice.empty()) return advice;
  const std::string setting = setting_named(name);
  const bool has_settings = find_option(command, "--set") != nullptr;
  if (has_settings && !setting.empty()) return message("did you mean '--set ", setting, "=VALUE'?");
  if (std::string advice = advice_on_start(command, name); !advice.empty()) return advice;
  const std::vector<std::string> owners = commands_with(root(command), name);
  if (!owners.empty()) return message("it is an option of ", joined(owners, " and "));
  const std::string nearest = nearest_name(name, option_names(command));
  return nearest.empty() ? "" : message("did you mean '", nearest, "'?");
}

}  // namespace

bool has_long_dash(const std::string& word) {
  return word.starts_with("\u2013") || word.starts_with("\u2014") || word.starts_with("\u2212");
}

std::string see_help(const Command& command) {
  return message(" (see ", in_command(command), " --help)");
}

void throw_unknown_command(const Command& command, const std::string& word) {
  if (has_long_dash(word)) throw_long_dash(command, word);
  std::vector<std::string> known;
  for (const Command* c : visible_commands(command)) known.push_back(c->get_name());
  const bool of_program = command.get_parent() == nullptr;
  std::string meant = of_program ? other_name(word) : "";
  if (meant.empty()) meant = nearest_name(word, known);
  if (meant.empty() && of_program) meant = command_for_path(word);
  const std::string kind = message("unknown command '", of_program ? "" : command_path(command),
                                   of_program ? "" : " ", shown(word), "': ");
  if (meant.empty()) {
    throw UsageError(message(kind, "expected ", joined(known, " or "), see_help(command)));
  }
  const std::string above = of_program ? "" : command_path(command) + " ";
  throw UsageError(message(kind, "did you mean '", above, meant, "'?"));
}

void throw_missing_command(const Command& command) {
  const std::string path = command_path(command);
  std::vector<std::string> known;
  for (const Command* c : visible_commands(command)) known.push_back(c->get_name());
  throw UsageError(message(path.empty() ? "progan_cuda" : path,
                           " needs a command: ", joined(known, " or "), see_help(command)));
}

void throw_unknown_option(const Command& command, const std::string& name) {
  if (has_long_dash(name)) throw_long_dash(command, name);
  if (command.get_parent() == nullptr) {
    const std::vector<std::string> owners = commands_with(command, name);
    const bool version = name == "-v" || name == "-V";
    const std::string meant = version ? "--version" : nearest_name(name, {"--help", "--version"});
    if (!meant.empty()) {
      throw UsageError(message("unknown option '", shown(name), "': did you mean '", meant, "'?"));
    }
    throw UsageError(message(
        "the first word is a command, got '", shown(name), "'",
        owners.empty() ? ""
                       : message("; did you mean 'progan_cuda ", owners[0], " ", name, " ...'?"),
        see_help(command)));
  }
  const std::string advice = advice_on_option(command, name);
  throw UsageError(message("unknown option '", shown(name), "' of ", command_path(command),
                           advice.empty() ? "" : ": ", advice, see_help(command)));
}

void throw_missing_value(const Command& command, const Option& option, const std::string& name,
                         const std::string& next) {
  const std::string follows =
      next.empty() ? "" : message(", but the option '", shown(next), "' follows");
  const std::string advice =
      next.empty() ? "" : message("; if that is its value, write ", name, "=", shown(next));
  throw UsageError(message(name, " needs a value", follows, ": ", name, " ", value_name(option),
                           advice, see_help(command)));
}

void throw_missing_option(const Command& command, const Option& option) {
  std::string missing = long_name(option);
  if (option.get_positional()) {
    missing = value_name(option);
  } else {
    missing += " " + value_name(option);
  }
  throw UsageError(message(command_path(command), " needs ", missing, ": ", in_command(command),
                           option.get_positional() ? " " : " ... ", missing, see_help(command)));
}

void throw_repeated(const Command& command, const Option& option, const std::string& name,
                    const std::string& first, const std::string& second) {
  const bool data = option.get_lnames() == std::vector<std::string>{"data"};
  throw UsageError(
      message(name, " is given twice: '", shown(first), "' and '", shown(second),
              data ? "'; a run reads one data set, so move both into one folder" : "'; choose one",
              see_help(command)));
}

void throw_empty_value(const Command& command, const Option& option, const std::string& name) {
  const std::string value = value_name(option);
  const bool may_be_omitted = option.get_items_expected_min() == 0;
  const char* const advice = may_be_omitted            ? "; omit the value for the newest run"
                             : option.get_positional() ? ""
                                                       : "; omit the option for its default";
  throw UsageError(message(name, ": expected ", value.empty() || value == name ? "a value" : value,
                           ", got an empty text", advice, see_help(command)));
}

void check_path(const Command& command, const Option& option, const std::string& name,
                const std::string& value) {
  for (const char* start : {"http://", "https://", "ftp://", "s3://", "gs://", "hf://"}) {
    if (!value.starts_with(start)) continue;
    throw UsageError(message(name, ": '", shown(value), "' is an address; download it first, and ",
                             "give the file or folder", see_help(command)));
  }
  if (value == "-" && long_name(option) == "--out") {
    throw UsageError(message(name, " -: standard output is not supported; name a file or folder",
                             see_help(command)));
  }
}

void throw_excluded(const Command& command, const Option& one, const Option& other) {
  throw UsageError(message(long_name(one), " and ", long_name(other),
                           " exclude each other; drop one of them", see_help(command)));
}

namespace {

// Whether a second word may be meant for --out: the first one of train is a data set, as could be
// the second.
bool may_be_output(const Command& command, const Option& option) {
  const bool build = command_path(command) == "dataset build";
  return find_option(command, "--out") != nullptr && (build || long_name(option) != "--data");
}

}  // namespace

void throw_second_word(const Command& command, const Option& option, const std::string& first,
                       const std::string& second,
                       const std::pair<std::string, std::string>& before) {
  const bool number = second.find_first_not_of("0123456789") == std::string::npos;
  const std::string path = shown(second);
  std::string meant;
  std::error_code error;
  if (fs::exists(first + " " + second, error)) {
    meant = message("did you mean '", shown(first), " ", path, "', in quotes?");
  } else if (before.first == "--set" && before.second.find('=') == std::string::npos) {
    meant = message("write --set ", shown(before.second), "=", second == "=" ? "VALUE" : path,
                    ", without blanks");
  } else if (before.first == "--seeds" && number) {
    meant = message("write --seeds ", shown(before.second), ",", path);
  } else if (!number && may_be_output(command, option) && !fs::exists(second, error)) {
    meant = message("did you mean --out ", path, "?");
  } else {
    throw_repeated(command, option, value_name(option), first, second);
  }
  throw UsageError(message("unexpected '", path, "' after progan_cuda ", command_path(command),
                           ": ", meant, see_help(command)));
}

void throw_option_as_name(const Command& command, const std::string& option) {
  throw UsageError(message("'", shown(option), "' follows '--' and is read as a name; write it ",
                           "before '--'", see_help(command)));
}

void throw_extra_word(const Command& command, const std::string& word,
                      const std::string& after_flag) {
  if (has_long_dash(word)) throw_long_dash(command, word);
  std::string advice;
  if (!after_flag.empty()) {
    advice = message("; ", after_flag, " takes no value");
  } else if (word.find('=') != std::string::npos && find_option(command, "--set") != nullptr) {
    advice = message("; did you mean '--set ", shown(word), "'?");
  } else if (find_option(command, "--" + word) != nullptr) {
    advice = message("; did you mean '--", word, "'?");
  }
  throw UsageError(message("unexpected '", shown(word), "' after progan_cuda ",
                           command_path(command), advice, see_help(command)));
}

}  // namespace pg::apps
