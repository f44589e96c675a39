// tfrecord.h: TFRecord files of images, as the official tools write them, read without TensorFlow.
//
// A file is a row of records: u64 length, u32 masked CRC-32C of it, the bytes, u32 masked CRC-32C
// of them (little endian). The bytes are a tf.train.Example with the features "shape", int64
// [C, H, W], and "data", the C H W unsigned bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/files/files.h"
#include "data/images/image.h"

namespace pg {

// Whether the file starts with the length of a record and its checksum.
bool is_tfrecord(const std::filesystem::path& file);

class TfRecordFile {
 public:
  // Finds the records by their lengths, 16 bytes of memory each; their contents are not looked at.
  // A record that is cut short or whose length is damaged is the last one. Throws IoError;
  // FormatError where the file is none.
  explicit TfRecordFile(const std::filesystem::path& path);

  int64_t count() const { return static_cast<int64_t>(records_.size()); }

  // The bytes of record i. Several threads may read at once. Throws FormatError for one that is cut
  // short or has the wrong checksum, IoError.
  std::vector<uint8_t> read(int64_t i) const;

 private:
  struct Record {
    int64_t offset = 0;  // of its bytes
    int64_t bytes = 0;   // -1: its length is damaged
  };

  ReadFile file_;
  std::vector<Record> records_;
};

// The image of a tf.train.Example, interleaved, with 1 to 4 channels. Throws FormatError for
// anything that is not one, whatever the bytes are.
Image image_of_example(std::span<const uint8_t> example);

}  // namespace pg
