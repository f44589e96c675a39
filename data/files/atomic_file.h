// atomic_file.h: files that appear under their name only when they are complete.
//
// The bytes go to `<path>.tmp-<pid>-<n>` beside the target; commit() syncs them to disk and renames
// the file. A crash, a full disk or an exception leaves an earlier file at `path` untouched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

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
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // removes an uncommitted file
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  // Overwrites earlier bytes at `offset` from the start, for headers known only at the end.
  void overwrite(int64_t offset, std::span<const std::byte> bytes);

  // Bytes appended so far.
  int64_t size() const { return size_; }

  // fsync, rename to `path`, fsync of the folder. Nothing may be written afterwards.
  void commit();

 private:
  void flush();
  void write_at(int64_t offset, std::span<const std::byte> bytes);

  std::filesystem::path path_, aside_;
  std::vector<std::byte> buffer_;
  int64_t size_ = 0;
  int fd_ = -1;
};

// Writes the chunks as one file, or changes nothing. Throws IoError.
void write_file_atomically(const std::filesystem::path& path,
                           std::initializer_list<std::span<const std::byte>> chunks);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

// Syncs `folder`, so that names created, renamed or removed in it survive a power cut. Throws
// IoError.
void sync_folder(const std::filesystem::path& folder);

}  // namespace pg
