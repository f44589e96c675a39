// config_toml.cpp: reads and writes configurations as TOML text, TOML files and --set.
//
// Only this file includes toml++, which is slow to compile.
#include <toml++/toml.h>
#include <sstream>

#include "data/files/read_file.h"
#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/toml_gate.h"

namespace pg {

namespace {

constexpr std::string_view kPresetKey = "train.preset";

bool to_resolution(std::string_view text, int64_t& resolution) {
  if (text.empty() || text.size() > 6) return false;
  if (text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  resolution = std::stoll(std::string(text));
  return true;
}

std::string shown(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& n) { out << n; });
  return out.str();
}

std::map<int64_t, double> to_table(const Key& key, const toml::table& table) {
  std::map<int64_t, double> result;
  for (const auto& [name, node] : table) {
    int64_t resolution = 0;
    const bool is_number = node.is_integer() || node.is_floating_point();
    if (!is_number || !to_resolution(name.str(), resolution)) throw_not_allowed(key, shown(table));
    result[resolution] = *node.value<double>();
  }
  return result;
}

KeyValue to_value(const Key& key, const toml::node& node) {
  if (node.is_boolean()) return *node.value<bool>();
  if (node.is_integer()) return *node.value<int64_t>();
  if (node.is_floating_point()) return *node.value<double>();
  if (node.is_string()) return *node.value<std::string>();
  if (node.is_table()) return to_table(key, *node.as_table());
  throw_not_allowed(key, shown(node));
}

// Runs f; prefixes the message of a UsageError with FILE:LINE.
template <typename F>
void at_place(const std::string& file, const toml::source_region& region, F&& f) {
  try {
    f();
  } catch (const UsageError& error) {
    throw UsageError(message(file, ":", region.begin.line, ": ", error.what()));
  }
}

// Reads regular files only: others could be endless.
std::string read_text(const std::filesystem::path& path) {
  const std::vector<uint8_t> bytes = read_file(path, limits::kTomlBytes);
  return {bytes.begin(), bytes.end()};
}

toml::table parse(const std::string& text, const std::string& file) {
  try {
    check_toml(text);
    return toml::parse(text, file);
  } catch (const TomlError& error) {
    throw FormatError(message(file, ":", error.line, ": not a configuration: ", error.reason));
  } catch (const toml::parse_error& error) {
    throw FormatError(
        message(file, ":", error.source().begin.line, ": not valid TOML: ", error.description()));
  }
}

void read_section(Config& config, std::string_view section, const toml::table& table,
                  const std::string& file) {
  for (const auto& [name, node] : table) {
    const std::string path = message(section, ".", name.str());
    at_place(file, name.source(), [&, &value = node] {
      const Key* key = find_key(path);
      if (key == nullptr) throw_unknown_key(path);
      key->set(config, checked(*key, to_value(*key, value)));
    });
  }
}

// All or nothing: `config` changes only if the whole text is valid.
void apply(Config& config, const std::string& text, const std::string& file) {
  const toml::table root = parse(text, file);
  Config result = config;
  if (const toml::node* base = root.at_path(kPresetKey).node()) {
    at_place(file, base->source(), [&] { result = preset(base->value_or(std::string())); });
  }
  for (const auto& [section, node] : root) {
    at_place(file, section.source(), [&, &name = section, &value = node] {
      if (!value.is_table()) throw_unknown_key(name.str());
    });
    read_section(result, section.str(), *node.as_table(), file);
  }
  config = result;
}

// The value of a key from the command line: texts and choices need no quotes.
KeyValue parse_value(const Key& key, std::string_view text) {
  const bool is_text = key.kind == KeyKind::text || key.kind == KeyKind::choice;
  if (is_text && !text.starts_with('"')) return std::string(text);
  try {
    const std::string line = message("value = ", text);
    check_toml(line);
    const toml::table parsed = toml::parse(line);
    if (parsed.size() == 1) return to_value(key, *parsed.get("value"));
  } catch (const TomlError&) {  // reported below with the allowed values of the key
  } catch (const toml::parse_error&) {
  }
  throw_not_allowed(key, message("'", text, "'"));
}

// "schedule.minibatch.4" = "128". False if the part before the last dot is not a table key.
bool set_table_entry(Config& config, std::string_view path, std::string_view text) {
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return false;
  const Key* key = find_key(path.substr(0, dot));
  int64_t resolution = 0;
  if (key == nullptr || !to_resolution(path.substr(dot + 1), resolution)) return false;
  if (key->kind != KeyKind::integer_table && key->kind != KeyKind::number_table) return false;
  auto table = std::get<std::map<int64_t, double>>(key->get(config));
  const KeyValue entry = parse_value(*key, message("{", resolution, " = ", text, "}"));
  table[resolution] = std::get<std::map<int64_t, double>>(checked(*key, entry)).at(resolution);
  key->set(config, table);
  return true;
}

}  // namespace

void read_toml(Config& config, const std::filesystem::path& path) {
  apply(config, read_text(path), path.string());
}

std::set<std::string> keys_in_toml(const std::filesystem::path& path) {
  std::set<std::string> found;
  for (const auto& [section, node] : parse(read_text(path), path.string())) {
    if (!node.is_table()) continue;
    for (const auto& [name, value] : *node.as_table()) {
      found.insert(message(section.str(), ".", name.str()));
    }
  }
  return found;
}

Config config_from_toml(const std::string& text, const std::string& name) {
  Config config;
  apply(config, text, name);
  return config;
}

std::string to_toml(const Config& config) {
  std::string out = "# Configuration of progan_cuda, for `progan_cuda train --config FILE`.\n";
  std::string_view open;
  for (const Key& key : keys()) {
    const size_t dot = key.path.find('.');
    const std::string_view section = std::string_view(key.path).substr(0, dot);
    if (section != open) out += message("\n[", section, "]\n");
    open = section;
    out += message("# ", key.help, "\n", std::string_view(key.path).substr(dot + 1), " = ",
                   to_text(key.get(config)), "\n");
  }
  return out;
}

void set_key(Config& config, std::string_view path, std::string_view value) {
  PG_CHECK(path != kPresetKey, UsageError, kPresetKey,
           " cannot be set by itself, because all other keys start from it; use --preset ", value);
  const Key* key = find_key(path);
  if (key != nullptr) {
    key->set(config, checked(*key, parse_value(*key, value)));
  } else if (!set_table_entry(config, path, value)) {
    throw_unknown_key(path);
  }
}

namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

void set_assignment(Config& config, std::string_view assignment) {
  const size_t equals = assignment.find('=');
  PG_CHECK(equals != std::string_view::npos, UsageError, "--set: expected KEY=VALUE, such as ",
           "schedule.total_kimg=1000, got '", assignment, "'");
  const std::string_view key = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  if (!key.ends_with(' ')) return set_key(config, key, value);
  set_key(config, trimmed(key), trimmed(value));  // "key = value", as in a file
}

}  // namespace pg
