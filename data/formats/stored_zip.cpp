// stored_zip.cpp: the headers of a zip archive (PKWARE APPNOTE 4.3).
#include "data/formats/stored_zip.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "data/files/crc32.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kLocalHeader = 30;  // without name and extra field
constexpr int64_t kExtraHeader = 4;
constexpr uint16_t kVersion = 20, kVersion64 = 45, kUtf8 = 0x0800, kStored = 0;
constexpr int64_t kMost32 = std::numeric_limits<uint32_t>::max();
constexpr size_t kMost16 = std::numeric_limits<uint16_t>::max();
constexpr uint16_t kDate = 0x0021;  // 1 January 1980, so that equal networks give equal bytes
constexpr std::string_view kProgram = "progan_cuda";
constexpr uint16_t kPadding = 0x4246;  // "FB", the extra field with which torch.save pads

std::string bytes(uint64_t value, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}

std::string u16(uint64_t value) { return bytes(value, 2); }
std::string u32(uint64_t value) { return bytes(value, 4); }
std::string u64(int64_t value) { return bytes(static_cast<uint64_t>(value), 8); }

// The extra field of the directory for an entry that starts beyond 4 GiB; empty for others.
std::string offset64(int64_t offset) {
  constexpr uint16_t kZip64 = 1;
  return offset < kMost32 ? "" : u16(kZip64) + u16(8) + u64(offset);
}

// An extra field that aligns the data of the entry whose header starts at `offset`. Readers ignore
// its bytes; the first one names this program (own_file.h).
std::string padding(int64_t offset, size_t name) {
  const int64_t unpadded = offset + kLocalHeader + static_cast<int64_t>(name) + kExtraHeader;
  int64_t fill = (kAlignment - unpadded % kAlignment) % kAlignment;
  if (offset == 0 && fill < static_cast<int64_t>(kProgram.size())) fill += kAlignment;
  const auto size = static_cast<size_t>(fill);
  std::string bytes_of_field(size, 'Z');
  if (offset == 0) {
    bytes_of_field.replace(0, kProgram.size(), kProgram);
  }
  return u16(kPadding) + u16(size) + bytes_of_field;
}

}  // namespace

void StoredZip::add(const std::string& name, std::span<const std::byte> data) {
  const auto size = static_cast<int64_t>(data.size());
  PG_CHECK(size < kMost32, UsageError, "'", path_.string(), "': ", name, " exceeds the 4 GiB of ",
           "an entry of a zip archive; export as safetensors");
  const Entry entry{.name = name,
                    .crc = crc32_of(data),
                    .size = static_cast<uint32_t>(size),
                    .offset = file_.size()};
  const std::string extra = padding(file_.size(), name.size());
  file_.write("PK\3\4" + u16(kVersion) + u16(kUtf8) + u16(kStored) + u16(0) + u16(kDate) +
              u32(entry.crc) + u32(entry.size) + u32(entry.size) + u16(name.size()) +
              u16(extra.size()) + name + extra);
  file_.write(data);
  entries_.push_back(entry);
}

void StoredZip::finish() {
  const int64_t start = file_.size();
  for (const Entry& e : entries_) {
    const std::string extra = offset64(e.offset);
    const uint16_t version = extra.empty() ? kVersion : kVersion64;
    file_.write("PK\1\2" + u16(version) + u16(version) + u16(kUtf8) + u16(kStored) + u16(0) +
                u16(kDate) + u32(e.crc) + u32(e.size) + u32(e.size) + u16(e.name.size()) +
                u16(extra.size()) + u16(0) + u16(0) + u16(0) + u32(0) +
                u32(static_cast<uint64_t>(std::min(e.offset, kMost32))) + e.name + extra);
  }
  write_end(start);
  file_.commit();
}

// The plain record at the end holds what fits; that of zip64 in front of it holds everything.
void StoredZip::write_end(int64_t start) {
  const int64_t end = file_.size(), directory = end - start;
  const size_t count = entries_.size();
  if (count >= kMost16 || end >= kMost32) {
    constexpr int64_t kRest = 44;  // bytes of the record after this number
    const auto entries = static_cast<int64_t>(count);
    file_.write("PK\6\6" + u64(kRest) + u16(kVersion64) + u16(kVersion64) + u32(0) + u32(0) +
                u64(entries) + u64(entries) + u64(directory) + u64(start));
    file_.write("PK\6\7" + u32(0) + u64(end) + u32(1));
  }
  const auto counted = static_cast<uint64_t>(std::min(count, kMost16));
  file_.write("PK\5\6" + u16(0) + u16(0) + u16(counted) + u16(counted) +
              u32(static_cast<uint64_t>(std::min(directory, kMost32))) +
              u32(static_cast<uint64_t>(std::min(start, kMost32))) + u16(0));
}

}  // namespace pg
