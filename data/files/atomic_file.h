// atomic_file.h: files that appear under their name only when they are complete.
//
// The bytes go to a file in a ScratchFolder beside the target; commit() syncs them to disk and
// moves the file. A crash, a full disk or an exception leaves an earlier file of that name
// untouched. The new file has its permissions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/files/output_path.h"
#include "data/files/scratch_folder.h"

namespace pg {

// Bytes of any trivially copyable elements, for the write functions below.
template <typename T>
std::span<const std::byte> bytes_of(const T& elements) {
  return std::as_bytes(std::span(elements));
}

// A file being written. Errors are IoError with the path and the system's message. Not thread-safe.
// Small writes are buffered; memory is constant for files of any size.
class AtomicFile {
 public:
  explicit AtomicFile(OutputPath to);
  ~AtomicFile();  // removes an uncommitted file
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  // Overwrites earlier bytes at `offset` from the start, for headers known only at the end.
  void overwrite(int64_t offset, std::span<const std::byte> bytes);

  // The file while it is written, for another program that fills it before anything is appended;
  // count_filled() then lets later bytes follow. Throws IoError.
  const std::filesystem::path& unfinished() const { return file_; }
  void count_filled();

  // Bytes appended so far.
  int64_t size() const { return size_; }

  // fsync, move to the destination, fsync of its folder. Nothing may be written afterwards. Throws
  // UsageError if a destination that the user named must not be replaced any more.
  void commit();

 private:
  void flush();

  const std::filesystem::path& path() const { return to_.path(); }

  OutputPath to_;
  std::optional<ScratchFolder> scratch_;
  std::filesystem::path file_;  // while it is written
  std::vector<std::byte> buffer_;
  int64_t size_ = 0;
  int fd_ = -1;
};

// Writes the chunks as one file, or changes nothing. Throws IoError.
void write_file_atomically(const OutputPath& to,
                           std::initializer_list<std::span<const std::byte>> chunks);
void write_file_atomically(const OutputPath& to, std::string_view text);

// Writes all bytes at `offset` of the descriptor `fd`. Throws IoError, which names `path`.
void write_at(int fd, int64_t offset, std::span<const std::byte> bytes,
              const std::filesystem::path& path);

// Gives the open file `fd` the permissions of the regular file at `path`, if there is one, and as
// far as the system allows its owner.
void keep_permissions(int fd, const std::filesystem::path& path);

// Syncs `folder`, so that names created, renamed or removed in it survive a power cut. Throws
// IoError.
void sync_folder(const std::filesystem::path& folder);

}  // namespace pg
