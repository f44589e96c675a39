// tfrecord.cpp: records found by their lengths, verified when they are read.
#include "data/formats/tfrecord.h"

#include <array>
#include <cstring>
#include <optional>

#include "data/files/crc32c.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kHeaderBytes = 12, kTrailerBytes = 4;

template <typename T>
T little_endian(const uint8_t* bytes) {
  T value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// The length in a record header; none if its checksum is wrong or it is impossibly large.
std::optional<int64_t> length_of(std::span<const uint8_t> header) {
  if (masked_crc32c(header.first(8)) != little_endian<uint32_t>(header.data() + 8)) {
    return std::nullopt;
  }
  const auto length = little_endian<uint64_t>(header.data());
  if (length > uint64_t{INT64_MAX} / 2) return std::nullopt;
  return static_cast<int64_t>(length);
}

}  // namespace

bool is_tfrecord(const std::filesystem::path& file) {
  const std::vector<uint8_t> start = read_file_start(file, kHeaderBytes);
  return static_cast<int64_t>(start.size()) == kHeaderBytes && length_of(start).has_value();
}

TfRecordFile::TfRecordFile(const std::filesystem::path& path) : file_(path) {
  std::array<uint8_t, kHeaderBytes> header;
  for (int64_t at = 0; at < file_.size();) {
    const bool whole = file_.size() - at >= kHeaderBytes;
    if (whole) file_.read(at, header);
    const auto length = whole ? length_of(header) : std::nullopt;
    records_.push_back({at + kHeaderBytes, length.value_or(-1)});
    if (!length || *length > file_.size() - at - kHeaderBytes - kTrailerBytes) break;
    at += kHeaderBytes + *length + kTrailerBytes;
  }
  PG_CHECK(!records_.empty() && records_.front().bytes >= 0, FormatError, path.string(),
           " is not a TFRecord file or its first record is damaged; download it again");
}

std::vector<uint8_t> TfRecordFile::read(int64_t i, int64_t most_bytes) const {
  const Record& r = records_[static_cast<size_t>(i)];
  PG_CHECK(r.bytes >= 0, FormatError,
           "the length of the record is damaged, so later records cannot be found");
  PG_CHECK(r.bytes <= file_.size() - r.offset - kTrailerBytes, FormatError,
           "the file ends within the record");
  PG_CHECK(r.bytes <= most_bytes, FormatError, "the record has ", r.bytes,
           " bytes; expected at most ", most_bytes);
  std::vector<uint8_t> bytes(static_cast<size_t>(r.bytes + kTrailerBytes));
  file_.read(r.offset, bytes);
  const auto crc = little_endian<uint32_t>(bytes.data() + r.bytes);
  bytes.resize(static_cast<size_t>(r.bytes));
  PG_CHECK(masked_crc32c(bytes) == crc, FormatError, "the checksum of the record is wrong");
  return bytes;
}

}  // namespace pg
