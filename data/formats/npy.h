// npy.h: NumPy arrays on disk (.npy, format version 1.0), written and read.
//
// Data sets use this format so that any tool can open them. Supported are unsigned bytes,
// little-endian int32 and f32 in C order, as in data sets, the labels of the official data sets and
// generated images; anything else is a FormatError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/files/read_file.h"

namespace pg {

enum class NpyType { u8, i32, f32 };  // '|u1', '<i4' and '<f4'

constexpr int64_t kNpyHeaderBytes = 128;             // as written
constexpr int64_t kMostNpyHeaderBytes = 10 + 65535;  // as version 1.0 allows

struct NpyHeader {
  NpyType type = NpyType::u8;
  std::vector<int64_t> shape;  // at most 4 extents, each >= 0

  int64_t elements() const;
  int64_t data_bytes() const { return elements() * (type == NpyType::u8 ? 1 : 4); }
};

// Always kNpyHeaderBytes long, so that the header can be filled in when the number of elements is
// known. In f32 arrays, which generate writes, the padding lies within the braces: readers ignore
// spaces there, and no other program is known to put them there (own_file.h).
std::string format_npy_header(const NpyHeader& header);

struct ParsedNpyHeader {
  NpyHeader header;
  int64_t data_offset = 0;
};

// Reads the header at the start of `bytes`. Throws FormatError, with `path` in the message, for
// anything but a well-formed version 1.0 header of the types above.
ParsedNpyHeader parse_npy_header(std::span<const uint8_t> bytes, const std::filesystem::path& path);

// An .npy file read in parts. Its length must match its header, else FormatError.
class NpyFile {
 public:
  NpyFile() = default;
  explicit NpyFile(const std::filesystem::path& path);  // throws IoError, FormatError

  NpyType type() const { return parsed_.header.type; }
  const std::vector<int64_t>& shape() const { return parsed_.header.shape; }
  const ReadFile& file() const { return file_; }

  // Fill `out` with the elements from `first`; type() must be u8, i32 or f32 as of `out`. Throw
  // IoError.
  void read(int64_t first, std::span<uint8_t> out) const;
  void read(int64_t first, std::span<int32_t> out) const;
  void read(int64_t first, std::span<float> out) const;

 private:
  void read_words(int64_t first, void* out, size_t count) const;

  ReadFile file_;
  ParsedNpyHeader parsed_;
};

}  // namespace pg
