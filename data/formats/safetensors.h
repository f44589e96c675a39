// safetensors.h: named arrays in one file, in the safetensors format.
//
// 8 bytes of header length (little endian), a JSON header, the data. The header is padded so that
// the data starts at a multiple of 64 bytes, and larger element types come first, so that every
// array is aligned for programs that map the file into memory. The metadata has two checksums:
// "crc32" of the data and "header_crc32" of the header without the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/output_path.h"
#include "data/files/read_file.h"
#include "kernels/dtype.h"

namespace pg {

// Element types of files: those of DType, and others for counters and for files of other programs.
enum class StoredType : uint8_t { f64, f32, bf16, u8, i32, i64, u64, f16, i8, i16, boolean };

int64_t size_of(StoredType type);
std::string_view name_of(StoredType type);  // "F64", as files spell it
StoredType stored_type(DType type);

// An array to write; `data` is on the host, row-major and contiguous.
struct NamedBuffer {
  std::string name;
  StoredType dtype = StoredType::f32;
  std::vector<int64_t> shape;  // empty: one element
  const void* data = nullptr;
};

using Metadata = std::map<std::string, std::string>;

// Writes the file, or leaves an earlier one unchanged. Data is written from `buffers` without a
// copy. Throws IoError (disk full, no such folder), UsageError (duplicate names, text that is not
// UTF-8).
void write_safetensors(const OutputPath& to, std::span<const NamedBuffer> buffers,
                       const Metadata& metadata);

// An array of an open file, whose elements Safetensors::read gives.
struct StoredTensor {
  std::string name;
  StoredType dtype = StoredType::f32;
  std::vector<int64_t> shape;
  int64_t offset = 0;  // in the file
  int64_t bytes = 0;

  int64_t elements() const { return bytes / size_of(dtype); }
};

// An open file, of which only the header is kept in memory. Opening it checks everything, including
// checksums if present; throws IoError (cannot be read) or FormatError (file and reason).
class Safetensors {
 public:
  explicit Safetensors(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  const Metadata& metadata() const { return metadata_; }
  std::span<const StoredTensor> tensors() const { return tensors_; }  // sorted by name
  std::vector<std::string> names() const;

  // nullptr if the file has no such tensor.
  const StoredTensor* find(std::string_view name) const;

  // Throw FormatError with file and name if missing.
  const StoredTensor& at(std::string_view name) const;
  const std::string& metadata_at(const std::string& key) const;

  // The elements of a tensor of this file. `out` has its number of bytes. Throw IoError if the file
  // was truncated or changed since it was opened. Thread-safe.
  void read(const StoredTensor& tensor, std::span<std::byte> out) const;
  std::vector<std::byte> read(const StoredTensor& tensor) const;

 private:
  void open();

  std::filesystem::path path_;
  ReadFile file_;
  Metadata metadata_;
  std::vector<StoredTensor> tensors_;
};

// The metadata alone: reads a few kilobytes, however large the file is. Throws IoError; FormatError
// if the header is damaged.
Metadata read_safetensors_metadata(const std::filesystem::path& path);

}  // namespace pg
