// command.h: the commands and options that a program declares.
//
// A thin layer over CLI11 under the names that CLI11 gives them. Its headers take 20 s to compile,
// so command.cpp alone includes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kernels/error.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pg::apps {

// A command line that the parser rejects.
class ParseError : public UsageError {
 public:
  using UsageError::UsageError;
};

// The limits of a number, both allowed.
struct Range {
  Range(int min, int max) : limits(std::pair<int64_t, int64_t>(min, max)) {}
  Range(int64_t min, int64_t max) : limits(std::pair(min, max)) {}
  Range(double min, double max) : limits(std::pair(min, max)) {}

  std::variant<std::pair<int64_t, int64_t>, std::pair<double, double>> limits;
};

// The choices of a text.
struct IsMember {
  explicit IsMember(std::vector<std::string> names) : choices(std::move(names)) {}

  std::vector<std::string> choices;
};

// An option, a flag or a free word. Functions that declare return the option itself.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option* required();
  Option* take_all();           // may be repeated, each time with another value
  Option* delimiter(char c);    // between several values in one word
  Option* expected(int count);  // values
  Option* expected(int min, int max);
  Option* check(const Range& range);
  Option* check(const IsMember& choice);
  Option* excludes(Option* other);
  Option* group(const std::string& name);  // empty: hidden
  Option* type_name(const std::string& name);

  // How often it is given, and whether it is.
  size_t count() const;
  explicit operator bool() const { return count() > 0; }

  const std::vector<std::string>& get_snames() const;  // "d" of "-d"
  const std::vector<std::string>& get_lnames() const;  // "data" of "--data"
  const std::vector<std::string>& get_fnames() const;  // of a flag that may have a value
  std::string get_name(bool positional) const;
  bool get_positional() const;  // whether its value can be a free word
  bool get_required() const;
  bool get_take_all() const;
  int get_items_expected_min() const;
  int get_items_expected_max() const;
  std::string get_type_name() const;  // "INT", "FLOAT" or "TEXT", then what is allowed
  const std::string& get_group() const;
  const std::string& get_description() const;
  const std::vector<const Option*>& get_excludes() const { return excludes_; }

 private:
  friend class Command;
  CLI::Option* option_;
  std::vector<const Option*> excludes_;
};

// A command, or the program itself, which has no parent. Commands take over the flag and the
// function for help from the one above them.
class Command {
 public:
  Command(const std::string& description, const std::string& name);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Command* add_subcommand(const std::string& name, const std::string& description);
  void require_subcommand(int count);

  // `name`: "-d,--data,DATA", of which the last is the name of a free word. The value is written to
  // `value`, which must live until the command line is parsed.
  Option* add_option(const std::string& name, std::string& value, const std::string& help = "");
  Option* add_option(const std::string& name, std::filesystem::path& value,
                     const std::string& help = "");
  Option* add_option(const std::string& name, int64_t& value, const std::string& help = "");
  Option* add_option(const std::string& name, uint64_t& value, const std::string& help = "");
  Option* add_option(const std::string& name, double& value, const std::string& help = "");
  Option* add_option(const std::string& name, std::vector<std::string>& values,
                     const std::string& help = "");
  Option* add_option(const std::string& name, std::vector<int64_t>& values,
                     const std::string& help = "");
  Option* add_option(const std::string& name, std::vector<double>& values,
                     const std::string& help = "");
  Option* add_flag(const std::string& name, bool& value, const std::string& help);
  // "--cond{acgan}": a flag that may have a value, by itself acgan.
  Option* add_flag(const std::string& name, std::string& value, const std::string& help);
  Option* add_flag_callback(const std::string& name, std::function<void()> function,
                            const std::string& help);
  void set_help_flag(const std::string& name, const std::string& help);
  void set_version_flag(const std::string& name, const std::string& version,
                        const std::string& help);

  void take_last();                               // the value of options added from now on
  void callback(std::function<void()> function);  // runs the command
  void parse_complete_callback(std::function<void()> function);  // checks its options before
  void footer(const std::string& text);
  void group(const std::string& name);                                     // empty: hidden
  void formatter_fn(std::function<std::string(const Command&)> function);  // makes the help

  // Reads the words after the name of the program, and runs the command. The result is the text of
  // --help or --version, if one of them is given. Throws ParseError, and what the callbacks throw.
  std::optional<std::string> parse(std::vector<std::string> words);
  std::string help() const;

  const std::string& get_name() const;
  std::string get_description() const;
  std::string get_footer() const;
  const std::string& get_group() const;
  const Command* get_parent() const { return parent_; }
  const Option* get_help_ptr() const;
  std::vector<const Command*> get_subcommands() const;  // all, in the order of their declaration
  std::vector<const Option*> get_options() const;       // all, in the order of their declaration

 private:
  Command(CLI::App& app, Command& parent);
  Option* added(CLI::Option* option);
  void use_formatter();

  std::unique_ptr<CLI::App> owned_;  // of the program itself
  CLI::App* app_;
  Command* parent_ = nullptr;
  std::function<std::string(const Command&)> formatter_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<std::unique_ptr<Option>> options_;
};

}  // namespace pg::apps
