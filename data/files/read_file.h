// read_file.h: reading files: whole, mapped, or at given offsets.
//
// Errors name the file and quote the operating system. A mapped file must not be truncated while in
// use: reading past its new end raises SIGBUS. Long-running code uses ReadFile instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

// All bytes of a regular file. Throws IoError.
std::vector<uint8_t> read_file(const std::filesystem::path& path);

// At most `count` bytes from the start of the file. Throws IoError.
std::vector<uint8_t> read_file_start(const std::filesystem::path& path, int64_t count);

// A read-only view of a whole file, paged in by the system when touched; move-only.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::filesystem::path& path);  // throws IoError
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return {data_, size_}; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

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

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

}  // namespace pg
