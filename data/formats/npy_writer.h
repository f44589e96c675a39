// npy_writer.h: .npy files that grow, and the checksums of dataset files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "data/files/atomic_file.h"
#include "data/formats/npy.h"
#include "data/sets/manifest.h"

namespace pg {

// CRC-32 of zlib, carried on from `crc` (0 at the start), and its 8 hexadecimal digits.
uint32_t crc32_of(std::span<const std::byte> bytes, uint32_t crc = 0);
std::string crc32_text(uint32_t crc);

// Appends elements now, writes the header when their number is known. Throws IoError.
class NpyWriter {
 public:
  NpyWriter(const std::filesystem::path& folder, std::string name);

  void write(std::span<const std::byte> elements);

  // Completes the file, whose elements are as many as `header` says.
  Manifest::File finish(const NpyHeader& header);

  const std::string& name() const { return name_; }

 private:
  std::string name_;
  AtomicFile file_;
  uint32_t crc_ = 0;
};

}  // namespace pg
