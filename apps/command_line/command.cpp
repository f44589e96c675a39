// command.cpp: passes every call on to CLI11.
#include "apps/command_line/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>

namespace pg::apps {

Option* Option::required() {
  option_->required();
  return this;
}

Option* Option::take_all() {
  option_->take_all();
  return this;
}

Option* Option::delimiter(char c) {
  option_->delimiter(c);
  return this;
}

Option* Option::expected(int count) {
  option_->expected(count);
  return this;
}

Option* Option::expected(int min, int max) {
  option_->expected(min, max);
  return this;
}

Option* Option::check(const Range& range) {
  std::visit([&](const auto& limits) { option_->check(CLI::Range(limits.first, limits.second)); },
             range.limits);
  return this;
}

Option* Option::check(const IsMember& choice) {
  option_->check(CLI::IsMember(std::vector<std::string>(choice.choices)));
  return this;
}

Option* Option::excludes(Option* other) {
  option_->excludes(other->option_);
  excludes_.push_back(other);
  other->excludes_.push_back(this);
  return this;
}

Option* Option::group(const std::string& name) {
  option_->group(name);
  return this;
}

Option* Option::type_name(const std::string& name) {
  option_->type_name(name);
  return this;
}

size_t Option::count() const { return option_->count(); }

const std::vector<std::string>& Option::get_snames() const { return option_->get_snames(); }
const std::vector<std::string>& Option::get_lnames() const { return option_->get_lnames(); }
const std::vector<std::string>& Option::get_fnames() const { return option_->get_fnames(); }
std::string Option::get_name(bool positional) const { return option_->get_name(positional); }
bool Option::get_positional() const { return option_->get_positional(); }
bool Option::get_required() const { return option_->get_required(); }
bool Option::get_take_all() const {
  return option_->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
}
int Option::get_items_expected_min() const { return option_->get_items_expected_min(); }
int Option::get_items_expected_max() const { return option_->get_items_expected_max(); }
std::string Option::get_type_name() const { return option_->get_type_name(); }
const std::string& Option::get_group() const { return option_->get_group(); }
const std::string& Option::get_description() const { return option_->get_description(); }

Command::Command(const std::string& description, const std::string& name)
    : owned_(std::make_unique<CLI::App>(description, name)), app_(owned_.get()) {
  added(app_->get_help_ptr());
}

Command::Command(CLI::App& app, Command& parent)
    : app_(&app), parent_(&parent), formatter_(parent.formatter_) {
  added(app_->get_help_ptr());
  use_formatter();
}

Command::~Command() = default;

Option* Command::added(CLI::Option* option) {
  return options_.emplace_back(std::make_unique<Option>(*option)).get();
}

Command* Command::add_subcommand(const std::string& name, const std::string& description) {
  CLI::App* app = app_->add_subcommand(name, description);
  return commands_.emplace_back(new Command(*app, *this)).get();
}

void Command::require_subcommand(int count) { app_->require_subcommand(count); }

Option* Command::add_option(const std::string& name, std::string& value, const std::string& help) {
  return added(app_->add_option(name, value, help));
}

Option* Command::add_option(const std::string& name, std::filesystem::path& value,
                            const std::string& help) {
  return added(app_->add_option(name, value, help));
}

Option* Command::add_option(const std::string& name, int64_t& value, const std::string& help) {
  return added(app_->add_option(name, value, help));
}

Option* Command::add_option(const std::string& name, uint64_t& value, const std::string& help) {
  return added(app_->add_option(name, value, help));
}

Option* Command::add_option(const std::string& name, double& value, const std::string& help) {
  return added(app_->add_option(name, value, help));
}

Option* Command::add_option(const std::string& name, std::vector<std::string>& values,
                            const std::string& help) {
  return added(app_->add_option(name, values, help));
}

Option* Command::add_option(const std::string& name, std::vector<int64_t>& values,
                            const std::string& help) {
  return added(app_->add_option(name, values, help));
}

Option* Command::add_option(const std::string& name, std::vector<double>& values,
                            const std::string& help) {
  return added(app_->add_option(name, values, help));
}

Option* Command::add_flag(const std::string& name, bool& value, const std::string& help) {
  return added(app_->add_flag(name, value, help));
}

Option* Command::add_flag(const std::string& name, std::string& value, const std::string& help) {
  return added(app_->add_flag(name, value, help));
}

Option* Command::add_flag_callback(const std::string& name, std::function<void()> function,
                                   const std::string& help) {
  return added(app_->add_flag_callback(name, std::move(function), help));
}

void Command::set_help_flag(const std::string& name, const std::string& help) {
  std::erase_if(options_, [&](const auto& o) { return o->option_ == app_->get_help_ptr(); });
  added(app_->set_help_flag(name, help));
}

void Command::set_version_flag(const std::string& name, const std::string& version,
                               const std::string& help) {
  added(app_->set_version_flag(name, version, help));
}

void Command::take_last() {
  app_->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Command::callback(std::function<void()> function) { app_->callback(std::move(function)); }

void Command::parse_complete_callback(std::function<void()> function) {
  app_->parse_complete_callback(std::move(function));
}

void Command::footer(const std::string& text) { app_->footer(text); }

void Command::group(const std::string& name) { app_->group(name); }

void Command::formatter_fn(std::function<std::string(const Command&)> function) {
  formatter_ = std::move(function);
  use_formatter();
}

void Command::use_formatter() {
  if (!formatter_) return;
  app_->formatter_fn(
      [this](const CLI::App*, std::string, CLI::AppFormatMode) { return formatter_(*this); });
}

std::optional<std::string> Command::parse(std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // as this function of CLI11 wants them
  try {
    app_->parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::Success& e) {  // --help or --version
    std::ostringstream text;
    app_->exit(e, text, text);
    return text.str();
  } catch (const CLI::ParseError& e) {
    throw ParseError(e.what());
  }
}

std::string Command::help() const { return app_->help(); }

const std::string& Command::get_name() const { return app_->get_name(); }
std::string Command::get_description() const { return app_->get_description(); }
std::string Command::get_footer() const { return app_->get_footer(); }
const std::string& Command::get_group() const { return app_->get_group(); }

const Option* Command::get_help_ptr() const {
  const auto is_help = [&](const auto& o) { return o->option_ == app_->get_help_ptr(); };
  return std::find_if(options_.begin(), options_.end(), is_help)->get();
}

std::vector<const Command*> Command::get_subcommands() const {
  std::vector<const Command*> all;
  for (const auto& command : commands_) all.push_back(command.get());
  return all;
}

std::vector<const Option*> Command::get_options() const {
  std::vector<const Option*> all;
  for (const auto& option : options_) all.push_back(option.get());
  return all;
}

}  // namespace pg::apps
