// manifest_paths.cpp: removes the user's folders from dataset.json, which is given away with a set.
#include <filesystem>
#include <string_view>

#include "data/sets/manifest.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

// Removes `folder` wherever a path may begin: at the start, after a space, a quote or a bracket.
void remove_from_paths(std::string& text, std::string_view folder) {
  constexpr std::string_view kBefore = " '\"([=";
  for (size_t at = 0; (at = text.find(folder, at)) != std::string::npos;) {
    if (at == 0 || kBefore.find(text[at - 1]) != std::string_view::npos) {
      text.erase(at, folder.size());
    } else {
      ++at;
    }
  }
}

std::string without_last_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The path of a folder may end in a slash.
std::string last_name(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

}  // namespace

void strip_paths(Manifest& manifest, const std::string& where) {
  if (where.starts_with("builtin:")) return;
  const std::string plain = without_last_slashes(where);
  manifest.source = last_name(fs::absolute(plain).lexically_normal());
  const std::string parent = fs::path(plain).parent_path().string();
  for (Rejected& r : manifest.rejected) {
    const size_t before = r.reason.size();
    for (const std::string& folder : {where.ends_with('/') ? where : plain + "/", plain + "/"}) {
      if (folder != "/") remove_from_paths(r.reason, folder);
    }
    if (r.reason.size() < before || parent.empty() || parent == "/") continue;
    remove_from_paths(r.reason, parent + "/");  // of the source itself, or of a file beside it
  }
}

}  // namespace pg
