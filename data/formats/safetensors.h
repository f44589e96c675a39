// safetensors.h: named arrays in one file, in the safetensors format, for checkpoints.
//
// 8 bytes of header length (little endian), a JSON header, the data. The header is padded so that
// the data starts at a multiple of 64 bytes, and larger element types come first, so that every
// array is aligned in memory when the file is mapped. Two checksums stand in the metadata: "crc32"
// of the data and "header_crc32" of the header without the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/read_file.h"
#include "kernels/dtype.h"

namespace pg {

// Element types of files: counters need more than the DType of kernels, foreign weights the rest.
enum class StoredType : uint8_t { f64, f32, bf16, u8, i32, i64, u64, f16, i8, i16, boolean };

int64_t size_of(StoredType type);
std::string_view name_of(StoredType type);  // "F64", as files spell it
StoredType stored_type(DType type);

// An array to be written; `data` is on the host, row-major and contiguous.
struct NamedBuffer {
  std::string name;
  StoredType dtype = StoredType::f32;
  std::vector<int64_t> shape;  // empty: one element
  const void* data = nullptr;
};

using Metadata = std::map<std::string, std::string>;

// Writes the file, or leaves the one that stood there as it was. Data goes from `buffers` to the
// disk without a copy. Throws IoError (disk full, no such folder), UsageError (a name twice, text
// that is not UTF-8).
void write_safetensors(const std::filesystem::path& path, std::span<const NamedBuffer> buffers,
                       const Metadata& metadata);

// An array of an open file; lives as long as the Safetensors it came from.
struct StoredTensor {
  std::string name;
  StoredType dtype = StoredType::f32;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;
  int64_t bytes = 0;

  int64_t elements() const { return bytes / size_of(dtype); }
};

// A file read by mapping it into memory. Everything is checked on opening, and the checksums where
// the file has them: throws IoError (cannot be read) or FormatError (file and reason).
class Safetensors {
 public:
  explicit Safetensors(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  const Metadata& metadata() const { return metadata_; }
  std::span<const StoredTensor> tensors() const { return tensors_; }  // sorted by name
  std::vector<std::string> names() const;

  // nullptr where the file has no such tensor.
  const StoredTensor* find(std::string_view name) const;

  // Throws FormatError with file and name where there is none.
  const StoredTensor& at(std::string_view name) const;
  const std::string& metadata_at(const std::string& key) const;

 private:
  void read();

  std::filesystem::path path_;
  MappedFile file_;
  Metadata metadata_;
  std::vector<StoredTensor> tensors_;
};

// The metadata of a file whose data is not looked at: a few kilobytes are read of gigabytes. Throws
// IoError, FormatError where even the header is damaged.
Metadata read_safetensors_metadata(const std::filesystem::path& path);

}  // namespace pg
