// atomic_file.h: files that appear under their name only when they are complete.
//
// The bytes go to `<path>.tmp-<pid>-<n>` beside the target; commit() brings them to the disk and
// renames. A crash, a full disk or an exception leaves whatever stood at `path` untouched.
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

// A file being written. All errors are IoError with the path and the system's words. Not for use by
// two threads at once. Small writes are gathered, so constant memory serves files of any size.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();  // removes what was not committed
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Appends.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  // Overwrites bytes written before, at `offset` from the start: headers known only at the end.
  void overwrite(int64_t offset, std::span<const std::byte> bytes);

  // Bytes appended up to now.
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

// One file of the given chunks, or no change at all. Throws IoError.
void write_file_atomically(const std::filesystem::path& path,
                           std::initializer_list<std::span<const std::byte>> chunks);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

// Makes names created, renamed or removed in `folder` survive a power cut. Throws IoError.
void sync_folder(const std::filesystem::path& folder);

}  // namespace pg
