// tfrecord.h: TFRecord files, read without TensorFlow.
//
// A file is a sequence of records: u64 length, u32 masked CRC-32C of it, the bytes, u32 masked
// CRC-32C of them (little endian).
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/files/read_file.h"

namespace pg {

// Whether the file starts with the length of a record and its checksum.
bool is_tfrecord(const std::filesystem::path& file);

class TfRecordFile {
 public:
  // Finds the records by their lengths, in 16 bytes of memory each; contents are not read. A record
  // that is cut short or whose length is damaged is the last one. Throws IoError; FormatError for
  // another kind of file.
  explicit TfRecordFile(const std::filesystem::path& path);

  int64_t count() const { return static_cast<int64_t>(records_.size()); }

  // The length of record i; 0 if it is damaged.
  int64_t bytes(int64_t i) const {
    return std::max<int64_t>(records_[static_cast<size_t>(i)].bytes, 0);
  }

  // The bytes of record i, `most_bytes` at most. Several threads may read at once. Throws IoError;
  // FormatError for a record that is longer, is cut short or has a wrong checksum.
  std::vector<uint8_t> read(int64_t i, int64_t most_bytes) const;

 private:
  struct Record {
    int64_t offset = 0;  // of its bytes
    int64_t bytes = 0;   // -1: its length is damaged
  };

  ReadFile file_;
  std::vector<Record> records_;
};

}  // namespace pg
