// identity.cpp: hashes of what dataset.json lists.
#include "data/sets/identity.h"

#include "data/files/name_hash.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {

std::string data_identity(const Dataset& dataset, int64_t resolution) {
  const Manifest& m = dataset.manifest();
  NameHash source, pixels;
  source.add(m.fingerprint);
  const auto add = [&](const std::string& name) {
    const auto file = m.files.find(name);
    if (file != m.files.end()) pixels.add(file->second.crc32);
  };
  add("labels.npy");
  for (int64_t r = kMinResolution; r <= resolution; r *= 2) add(level_file_name(r));
  return message(source.hex(), "-", pixels.hex());
}

bool is_same_data(std::string_view a, std::string_view b) {
  const size_t in_a = a.find('-'), in_b = b.find('-');
  if (in_a == std::string_view::npos || in_b == std::string_view::npos) return a == b;
  return a.substr(0, in_a) == b.substr(0, in_b) || a.substr(in_a) == b.substr(in_b);
}

std::string class_list(std::span<const std::string> names) {
  constexpr size_t kLongest = 16384;
  std::string list;
  for (const std::string& name : names) {
    if (&name != names.data()) list += '/';
    for (const char c : name) {
      if (c == '/' || c == '\\') list += '\\';
      list += c;
    }
  }
  if (list.size() <= kLongest) return list;
  NameHash hash;
  for (const std::string& name : names) hash.add(name);
  return message(names.size(), " classes ", hash.hex());
}

// Older programs wrote a backslash alone.
std::vector<std::string> split_class_list(std::string_view list) {
  std::vector<std::string> names(list.empty() ? 0 : 1);
  for (size_t i = 0; i < list.size(); ++i) {
    const bool escape =
        list[i] == '\\' && i + 1 < list.size() && (list[i + 1] == '/' || list[i + 1] == '\\');
    if (escape) {
      names.back() += list[++i];
    } else if (list[i] == '/') {
      names.emplace_back();
    } else {
      names.back() += list[i];
    }
  }
  return names;
}

}  // namespace pg
