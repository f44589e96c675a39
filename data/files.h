// files.h: reading files: whole, mapped, and hashed names.
//
// Errors name the file and carry the words of the operating system. A mapped file must not be cut
// short while it is in use: the system answers a read behind the new end with SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

// Throws IoError("cannot DOING PATH: ERRNO TEXT; ADVICE").
[[noreturn]] void throw_io_error(const char* doing, const std::filesystem::path& path, int error);

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

// FNV-1a, 64 bits: tells lists of names and options apart; no protection against malice.
class NameHash {
 public:
  // Each part ends with a zero byte, so ("ab", "c") and ("a", "bc") differ.
  void add(std::string_view text);
  void add(int64_t number) { add(std::to_string(number)); }
  std::string hex() const;  // 16 digits

 private:
  uint64_t state_ = 0xcbf29ce484222325u;
};

}  // namespace pg
