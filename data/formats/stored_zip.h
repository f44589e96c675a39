// stored_zip.h: zip archives with uncompressed entries.
//
// Data begins at multiples of 64 bytes, so that readers may map it into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/files/atomic_file.h"

namespace pg {

class StoredZip {
 public:
  explicit StoredZip(const std::filesystem::path& path) : path_(path), file_(path) {}

  // Appends an entry. Throws IoError (disk full), UsageError (4 GiB or 65535 entries, the limits of
  // the plain format).
  void add(const std::string& name, std::span<const std::byte> data);

  // Writes the directory and publishes the file under its name.
  void finish();

 private:
  struct Entry {
    std::string name;
    uint32_t crc = 0, size = 0, offset = 0;
  };
  std::filesystem::path path_;
  AtomicFile file_;
  std::vector<Entry> entries_;
};

}  // namespace pg
