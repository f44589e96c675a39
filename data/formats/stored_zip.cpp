// stored_zip.cpp: the headers of a zip archive (PKWARE APPNOTE 4.3).
#include "data/formats/stored_zip.h"

#include <limits>

#include "data/files/crc32.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kLocalHeader = 30;  // without name and extra field
constexpr int64_t kExtraHeader = 4;
constexpr uint16_t kVersion = 20, kUtf8 = 0x0800, kStored = 0;
constexpr uint16_t kDate = 0x0021;     // 1 January 1980, so that equal networks give equal bytes
constexpr uint16_t kPadding = 0x4246;  // "FB", the extra field with which torch.save pads

std::string bytes(uint64_t value, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}

std::string u16(uint64_t value) { return bytes(value, 2); }
std::string u32(uint64_t value) { return bytes(value, 4); }

// An extra field that aligns the data of the entry whose header starts at `offset`.
std::string padding(int64_t offset, size_t name) {
  const int64_t unpadded = offset + kLocalHeader + static_cast<int64_t>(name) + kExtraHeader;
  const int64_t fill = (kAlignment - unpadded % kAlignment) % kAlignment;
  const auto size = static_cast<size_t>(fill);
  return u16(kPadding) + u16(size) + std::string(size, 'Z');
}

}  // namespace

void StoredZip::add(const std::string& name, std::span<const std::byte> data) {
  const int64_t most = std::numeric_limits<uint32_t>::max() - (int64_t{1} << 20);
  const auto size = static_cast<int64_t>(data.size());
  PG_CHECK(file_.size() + size < most && entries_.size() < 65534, UsageError, "'", path_.string(),
           "' would exceed the 4 GiB of a plain zip archive; export one network at a time as "
           "safetensors");
  const Entry entry{.name = name,
                    .crc = crc32_of(data),
                    .size = static_cast<uint32_t>(size),
                    .offset = static_cast<uint32_t>(file_.size())};
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
    file_.write("PK\1\2" + u16(kVersion) + u16(kVersion) + u16(kUtf8) + u16(kStored) + u16(0) +
                u16(kDate) + u32(e.crc) + u32(e.size) + u32(e.size) + u16(e.name.size()) + u16(0) +
                u16(0) + u16(0) + u16(0) + u32(0) + u32(e.offset) + e.name);
  }
  const auto directory = static_cast<uint64_t>(file_.size() - start);
  file_.write("PK\5\6" + u16(0) + u16(0) + u16(entries_.size()) + u16(entries_.size()) +
              u32(directory) + u32(static_cast<uint64_t>(start)) + u16(0));
  file_.commit();
}

}  // namespace pg
