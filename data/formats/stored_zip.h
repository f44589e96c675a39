// stored_zip.h: zip archives with uncompressed entries.
//
// Data begins at multiples of 64 bytes, so that readers may map it into memory. Archives beyond 4
// GiB or 65534 entries use the zip64 extension, others do not.
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
  explicit StoredZip(const OutputPath& to) : path_(to.path()), file_(to) {}

  // Appends an entry. Throws IoError (disk full), UsageError (4 GiB or more).
  void add(const std::string& name, std::span<const std::byte> data);

  // Writes the directory and publishes the file under its name.
  void finish();

 private:
  struct Entry {
    std::string name;
    uint32_t crc = 0, size = 0;
    int64_t offset = 0;
  };
  void write_end(int64_t start);

  std::filesystem::path path_;
  AtomicFile file_;
  std::vector<Entry> entries_;
};

}  // namespace pg
