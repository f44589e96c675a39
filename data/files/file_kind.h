// file_kind.h: what a path names, for messages, and the folder that holds it.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace pg {

// "a file", "a folder", "a FIFO", ...
inline const char* kind_of(mode_t mode) {
  if (S_ISREG(mode)) return "a file";
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

// Whether `path` is a regular file or a link to one. Nothing is opened; false if the file system
// does not say.
inline bool is_file(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

// The folder that holds `path`; "." if it has none.
inline std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace pg
