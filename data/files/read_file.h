// read_file.h: reading files: whole, their start, or at given offsets.
//
// Errors name the file and quote the operating system. Only regular files are read: opening a FIFO
// does not wait for a writer. No file is mapped into memory, because another process can truncate
// it at any time, and touching the missing part of a mapping ends the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/files/limits.h"

namespace pg {

// All bytes of a file. Throws IoError; FormatError, before memory is taken, if there are more than
// `most_bytes`.
std::vector<uint8_t> read_file(const std::filesystem::path& path,
                               int64_t most_bytes = limits::kFileBytes);

// At most `count` bytes from the start of the file. Throws IoError.
std::vector<uint8_t> read_file_start(const std::filesystem::path& path, int64_t count);

// A file read at given offsets, safe even if another process truncates it; move-only.
class ReadFile {
 public:
  ReadFile() = default;
  explicit ReadFile(const std::filesystem::path& path);  // throws IoError
  ~ReadFile();
  ReadFile(ReadFile&& other) noexcept;
  ReadFile& operator=(ReadFile&& other) noexcept;
  ReadFile(const ReadFile&) = delete;
  ReadFile& operator=(const ReadFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  int64_t size() const { return size_; }  // when opened

  // Fills `out` from byte `offset`. Throws IoError if the file ends earlier or the disk fails.
  // Thread-safe.
  void read(int64_t offset, std::span<uint8_t> out) const;

  // Whether size and modification time are those of the opening. Another file renamed over the
  // path changes nothing.
  bool unchanged() const;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  int64_t size_ = 0;
  int64_t changed_ = 0;  // nanoseconds
};

}  // namespace pg
