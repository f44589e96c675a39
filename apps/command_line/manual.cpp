// manual.cpp: writes roff with the macros of man(7).
#include "apps/command_line/manual.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "apps/command_line/completion.h"
#include "apps/command_line/help.h"
#include "apps/command_line/tree.h"
#include "apps/command_line/wrong_arguments.h"
#include "data/files/output.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/version.h"

namespace pg::apps {
namespace {

// Plain text as roff: hyphens as typed, no line that starts like a request.
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool starts_line = result.empty() || result.back() == '\n';
    if (starts_line && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
  }
  return result;
}

std::string page_name(const Command& command) {
  std::string name = "progan_cuda";
  const std::string path = command_path(command);
  if (!path.empty()) name += "-" + path;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string entry(const std::string& name, const std::string& meaning) {
  return message(".TP\n.B ", roff(name), "\n", roff(meaning), "\n");
}

std::string options_section(const Command& command) {
  std::string text = ".SH OPTIONS\n";
  for (const Option* option : visible_options(command)) {
    const std::string name = option_spelling(*option);
    text += entry(name.empty() ? value_name(*option) : name, option->get_description());
  }
  return text;
}

std::string commands_section(const Command& command) {
  std::string text = ".SH COMMANDS\n";
  for (const Command* below : visible_commands(command)) {
    text += entry(command_path(*below), below->get_description());
  }
  return text;
}

std::string settings_section() {
  std::string text = ".SH SETTINGS\nKeys of configuration files and of \\fB\\-\\-set\\fR.\n";
  const Config defaults;
  for (const Key& key : keys()) {
    text += entry(message(key.path, " = ", to_text(key.get(defaults))),
                  message(key.help, " Allowed: ", allowed_text(key), "."));
  }
  return text;
}

std::string environment_section() {
  return message(
      ".SH ENVIRONMENT\n",
      entry("XDG_CACHE_HOME",
            "folder of cached data sets and of what is known about GPUs, in its "
            "sub-folder progan_cuda (default: ~/.cache)"),
      entry("NO_COLOR", "if set, nothing is printed in colour"),
      entry("TERM", "with the value dumb, there is no progress bar and no colour"),
      entry("OMP_WAIT_POLICY, GOMP_SPINCOUNT",
            "how long threads of the CPU wait actively; the program chooses if neither is set"));
}

std::string lines_as_typed(const std::string& text) {
  return message(".SH EXAMPLES\n.nf\n", roff(text), "\n.fi\n");
}

std::string see_also(const Command& command) {
  std::vector<std::string> pages;
  if (command.get_parent() != nullptr) pages.push_back("progan_cuda");
  for (const Command* below : visible_commands(command)) pages.push_back(page_name(*below));
  std::string text = ".SH SEE ALSO\n";
  for (size_t i = 0; i < pages.size(); ++i) {
    text += message(".BR ", roff(pages[i]), " (1)", i + 1 < pages.size() ? "," : "", "\n");
  }
  return text;
}

struct ManOptions {
  std::vector<std::string> command;
  bool list = false;
};

void print_page(const Command& app, const ManOptions& o) {
  if (o.list) {
    for (const Command* command : visible_commands(app)) {
      write_output(command_path(*command) + "\n");
      for (const Command* below : visible_commands(*command)) {
        write_output(command_path(*below) + "\n");
      }
    }
    return;
  }
  const Command* command = &app;
  for (const std::string& given : o.command) {
    const std::string word = given.substr(given.starts_with("./") ? 2 : 0);  // see arguments.cpp
    const Command* next = find_command(*command, word);
    if (next == nullptr && !has_commands(*command)) throw_extra_word(*command, word, "");
    if (next == nullptr) throw_unknown_command(*command, word);
    command = next;
  }
  write_output(manual_page(*command));
}

}  // namespace

std::string manual_page(const Command& command) {
  const bool program = command.get_parent() == nullptr;
  std::string title = page_name(command);
  std::transform(title.begin(), title.end(), title.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::string text = message(
      ".\\\" Written by progan_cuda man.\n.TH ", roff(title), " 1 \"\" \"progan_cuda ",
      kProgramVersion, "\" \"User Commands\"\n.SH NAME\n", roff(page_name(command)), " \\- ",
      roff(command.get_description()), "\n.SH SYNOPSIS\n.B ", roff(usage_line(command)), "\n");
  if (has_commands(command)) text += commands_section(command);
  text += options_section(command);
  if (command_path(command) == "config") text += settings_section();
  if (program) text += environment_section();
  text += message(".SH EXIT STATUS\n", entry("0", "success"), entry("1", "failure"),
                  entry("2", "wrong usage"));
  if (!command.get_footer().empty()) text += lines_as_typed(command.get_footer());
  return text + see_also(command);
}

void add_man(Command& app) {
  Command* cmd = app.add_subcommand("man", "Print a manual page, for man -l -");
  auto o = std::make_shared<ManOptions>();
  cmd->add_option("COMMAND", o->command, "the command (default: the program as a whole)");
  cmd->add_flag("--list", o->list, "list the commands that have a page");
  cmd->callback([o, &app] { print_page(app, *o); });
}

}  // namespace pg::apps
