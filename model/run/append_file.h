// append_file.h: a file that a run appends to for days, found again if somebody deletes it or
// renames its folder.
#pragma once

#include <filesystem>
#include <string_view>

namespace pg {

class AppendFile {
 public:
  // Opens for appending, and creates if necessary. Throws IoError, also unless it is a regular file
  // (a FIFO would wait for a reader).
  explicit AppendFile(std::filesystem::path path);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Opens the file of this name again if it is another one by now. True if there was none: it is
  // empty. The folder stays the same one if it is renamed. Throws IoError.
  bool find_again();

  // All of `text`, or nothing: after an IoError the file has its former size.
  void append(std::string_view text);
  void sync();

  const std::filesystem::path& path() const { return path_; }
  int fd() const { return fd_; }

 private:
  int open_file(int flags) const;

  std::filesystem::path path_, name_;
  int folder_ = -1, fd_ = -1;
};

// Throws IoError if `path` exists but is not a regular file or a link to one: FIFOs, devices,
// folders and dangling links under the name of a file of a run.
void check_regular(const std::filesystem::path& path);

}  // namespace pg
