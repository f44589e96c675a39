// output_path.h: the place of a file to write, and which former file it may replace.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "data/files/file_kind.h"

namespace pg {

// no: only files of this program are replaced; yes (--force): every regular file.
enum class Force { no, yes };

// A file at one moment: a replaced or changed one differs.
struct FileState {
  uint64_t device = 0, inode = 0;
  int64_t size = 0, seconds = 0, nanoseconds = 0;  // the latter two: last change
  mode_t mode = 0;

  static std::optional<FileState> of(const std::filesystem::path& path);  // of a link: its own
  bool is_same_as(const FileState& other) const;
};

class OutputPath {
 public:
  // A file in a folder of this program, such as a run: replaces a regular file or a symbolic link
  // of that name, whoever wrote it, but never a folder, FIFO, socket or device.
  OutputPath(std::filesystem::path path) : path_(std::move(path)) {}  // NOLINT: a conversion
  template <typename Text>
  requires std::is_convertible_v<Text, std::filesystem::path> OutputPath(const Text& text)
      : path_(text) {}  // NOLINT

  // A new file in a ScratchFolder: written in place, since the folder as a whole is published.
  static OutputPath in_scratch(std::filesystem::path path);

  // A file that the user named. Symbolic links are followed, also to a target that does not exist
  // yet. An existing regular file is replaced if `is_ours` (written by this program) or `force`.
  // Throws UsageError for anything else: a missing folder, a folder, a device, a foreign file. The
  // same is checked again when the file is written: a foreign one made in between is kept.
  static OutputPath named(const std::filesystem::path& path, Force force,
                          const std::function<bool(const std::filesystem::path&)>& is_ours);

  const std::filesystem::path& path() const { return path_; }  // links followed
  bool is_in_scratch() const { return kind_ == Kind::in_scratch; }

  // Moves the complete file `from`, on the same file system, to path(). If that replaces a file,
  // `from` may name the replaced one afterwards. Throws IoError, UsageError if it must not.
  void take(const std::filesystem::path& from) const;

  // Throws IoError if something at path() is not replaceable; changes nothing.
  void check() const;

 private:
  enum class Kind { own, in_scratch, named };
  bool take_new(const std::filesystem::path& from) const;
  void take_place(const std::filesystem::path& from, const FileState& former) const;

  std::filesystem::path path_;
  Kind kind_ = Kind::own;
  Force force_ = Force::no;
  std::function<bool(const std::filesystem::path&)> is_ours_;
  std::optional<FileState> former_;
};

// The place that a chain of symbolic links leads to, which may be free. Throws UsageError for a
// chain that does not end.
std::filesystem::path follow_links(const std::filesystem::path& path);

}  // namespace pg
