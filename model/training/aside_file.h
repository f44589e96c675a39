// aside_file.h: a file that appears under its name only when it is complete.
//
// Bytes go to PATH.tmp-PID beside it; commit() brings them to the disk and renames. A crash, a full
// disk or an exception leaves whatever stood at PATH as it was.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace pg {

class AsideFile {
 public:
  // Throws IoError where the file cannot be made.
  explicit AsideFile(std::filesystem::path path);
  ~AsideFile();  // removes what was not committed
  AsideFile(const AsideFile&) = delete;
  AsideFile& operator=(const AsideFile&) = delete;

  // Appends. Throws IoError (full disk).
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  // fsync, rename, fsync of the folder. Nothing may be written afterwards. Throws IoError.
  void commit();

 private:
  std::filesystem::path path_, aside_;
  int fd_ = -1;
};

// The whole file at once.
void write_file_aside(const std::filesystem::path& path, std::string_view text);

// Throws IoError: "cannot VERB 'PATH': what the system says about ERROR_NUMBER[; what to do]".
[[noreturn]] void throw_system_error(std::string_view verb, const std::filesystem::path& path,
                                     int error_number, std::string_view what_to_do = {});

}  // namespace pg
