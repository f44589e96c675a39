// safetensors.h: named arrays in one file, in the safetensors format, for checkpoints.
//
// 8 bytes of header length (little endian), a JSON header, the data. The header is padded so that
// the data starts at a multiple of 64 bytes, and larger element types come first, so that every
// array is aligned in memory when the file is mapped. Two checksums stand in the metadata: "crc32"
// of the data and "header_crc32" of the header without the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/files/files.h"
#include "kernels/dtype.h"
#include "kernels/error.h"

namespace pg {

// Element types of files: counters need more than the DType of kernels, foreign weights the rest.
enum class StoredType : uint8_t { f64, f32, bf16, u8, i32, i64, u64, f16, i8, i16, boolean };

int64_t size_of(StoredType type);
std::string_view name_of(StoredType type);  // "F64", as files spell it
StoredType stored_type(DType type);

template <typename T>
struct StoredTypeOf;
template <>
struct StoredTypeOf<double> {
  static constexpr StoredType value = StoredType::f64;
};
template <>
struct StoredTypeOf<float> {
  static constexpr StoredType value = StoredType::f32;
};
template <>
struct StoredTypeOf<uint8_t> {
  static constexpr StoredType value = StoredType::u8;
};
template <>
struct StoredTypeOf<int32_t> {
  static constexpr StoredType value = StoredType::i32;
};
template <>
struct StoredTypeOf<int64_t> {
  static constexpr StoredType value = StoredType::i64;
};
template <>
struct StoredTypeOf<uint64_t> {
  static constexpr StoredType value = StoredType::u64;
};

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

  // The elements copied to `out`, which has exactly their number. Throws FormatError for another
  // type or number.
  template <typename T>
  void copy_to(std::span<T> out) const {
    check_type(StoredTypeOf<T>::value);
    PG_CHECK(static_cast<int64_t>(out.size()) == elements(), FormatError, "the tensor '", name,
             "' has ", elements(), " elements where ", out.size(), " are needed");
    if (bytes > 0) std::memcpy(out.data(), data, static_cast<size_t>(bytes));
  }

  // The elements in place. Throws FormatError for another type, and in files of other programs for
  // data that is not aligned.
  template <typename T>
  std::span<const T> values() const {
    check_type(StoredTypeOf<T>::value);
    PG_CHECK(reinterpret_cast<uintptr_t>(data) % alignof(T) == 0, FormatError, "the tensor '", name,
             "' is not aligned in its file; copy it instead");
    return {reinterpret_cast<const T*>(data), static_cast<size_t>(elements())};
  }

 private:
  void check_type(StoredType wanted) const;
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
