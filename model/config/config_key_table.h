// config_key_table.h: makes the rows of the table of configuration keys (config_keys.h).
#pragma once

#include <type_traits>
#include <utility>

#include "kernels/error.h"
#include "model/config/config_keys.h"
#include "model/config/config_names.h"

namespace pg {

template <typename T>
KeyValue to_value(const T& v) {
  if constexpr (std::is_enum_v<T>) {
    return std::string(name_of(v));
  } else if constexpr (std::is_same_v<T, ByResolution<int64_t>>) {
    std::map<int64_t, double> table;
    for (const auto& [resolution, entry] : v) table[resolution] = static_cast<double>(entry);
    return table;
  } else {
    return v;
  }
}

template <typename T>
void from_value(T& v, const KeyValue& value) {
  if constexpr (std::is_enum_v<T>) {
    const auto named = value_of<T>(std::get<std::string>(value));
    PG_ASSERT(named);
    v = *named;
  } else if constexpr (std::is_same_v<T, ByResolution<int64_t>>) {
    v.clear();
    for (const auto& [resolution, entry] : std::get<std::map<int64_t, double>>(value)) {
      v[resolution] = static_cast<int64_t>(entry);
    }
  } else {
    v = std::get<T>(value);
  }
}

template <typename T>
constexpr KeyKind kind_of() {
  if constexpr (std::is_enum_v<T>) return KeyKind::choice;
  if constexpr (std::is_same_v<T, bool>) return KeyKind::flag;
  if constexpr (std::is_same_v<T, int64_t>) return KeyKind::integer;
  if constexpr (std::is_same_v<T, double>) return KeyKind::number;
  if constexpr (std::is_same_v<T, std::string>) return KeyKind::text;
  if constexpr (std::is_same_v<T, ByResolution<int64_t>>) return KeyKind::integer_table;
  if constexpr (std::is_same_v<T, ByResolution<double>>) return KeyKind::number_table;
}

// The row for Config::*Section.*Member.
template <auto Section, auto Member>
Key key(std::string path, std::string help, KeyRange range = {}, KeyForm form = KeyForm::any) {
  using T = std::remove_cvref_t<decltype(std::declval<Config&>().*Section.*Member)>;
  // Exported configurations omit paths (without_paths), so no text may forget to say if it is one.
  PG_ASSERT((kind_of<T>() == KeyKind::text) == (form >= KeyForm::device));
  Key k;
  k.path = std::move(path);
  k.help = std::move(help);
  k.kind = kind_of<T>();
  k.form = form;
  k.range = range;
  if constexpr (std::is_enum_v<T>) k.names.assign(kNames<T>.begin(), kNames<T>.end());
  k.get = [](const Config& c) { return to_value(c.*Section.*Member); };
  k.set = [](Config& c, const KeyValue& value) { from_value(c.*Section.*Member, value); };
  return k;
}

#define PG_KEY(SECTION, TYPE, MEMBER, ...) \
  key<&Config::SECTION, &TYPE::MEMBER>(#SECTION "." #MEMBER, __VA_ARGS__)

inline constexpr KeyRange kEpsilonRange{0.0, 1.0};
inline constexpr KeyRange kKimgRange{0.0, 1e6};
inline constexpr KeyRange kResolutionRange{kMinResolution, kMaxResolution};

// The rows of one section or of a part of it, in the order of config.h.
std::vector<Key> shape_keys();
std::vector<Key> layer_keys();
std::vector<Key> discriminator_keys();
std::vector<Key> gain_and_label_keys();
std::vector<Key> stage_keys();
std::vector<Key> minibatch_keys();
std::vector<Key> iteration_keys();
std::vector<Key> loss_keys();
std::vector<Key> optimizer_keys();
std::vector<Key> data_keys();
std::vector<Key> train_keys();
std::vector<Key> checkpoint_keys();
std::vector<Key> guard_keys();

}  // namespace pg
