// fat_binary.cpp: the layout as seen in the output of nvcc 13.0, with or without zstd.
#include "tests/ptx/runtime/fat_binary.h"

#include <zstd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

namespace pg::ptx {
namespace {

constexpr uint32_t kMagic = 0xBA55ED50;
constexpr uint64_t kZstd = 0x8000;

template <typename T>
T at(const char* p, size_t offset) {
  T value;
  std::memcpy(&value, p + offset, sizeof(T));
  return value;
}

// Data starts with the magic number, u16 version, u16 header bytes, u64 bytes of all entries.
struct Entry {
  const char* begin;

  bool is_ptx() const { return at<uint16_t>(begin, 0) == 1; }
  uint32_t header_bytes() const { return at<uint32_t>(begin, 4); }
  uint64_t payload_bytes() const { return at<uint64_t>(begin, 8); }
  uint32_t packed_bytes() const { return at<uint32_t>(begin, 16); }  // 0: not compressed
  uint32_t architecture() const { return at<uint32_t>(begin, 28); }
  uint64_t flags() const { return at<uint64_t>(begin, 40); }
  uint32_t unpacked_bytes() const { return at<uint32_t>(begin, 56); }
  const char* payload() const { return begin + header_bytes(); }
  Entry next() const { return {payload() + payload_bytes()}; }
};

std::string unpacked(const Entry& e) {
  if (e.packed_bytes() == 0) return {e.payload(), e.payload_bytes()};
  if ((e.flags() & kZstd) == 0) fail("a fat binary whose compression is not zstd");
  std::string text(e.unpacked_bytes(), '\0');
  const size_t n = ZSTD_decompress(text.data(), text.size(), e.payload(), e.packed_bytes());
  if (ZSTD_isError(n) != 0) fail(std::string("zstd: ") + ZSTD_getErrorName(n));
  text.resize(n);
  return text;
}

// PTX_DUMP=FOLDER
void dump(const std::string& text) {
  static int count = 0;
  const char* const folder = std::getenv("PTX_DUMP");
  if (folder == nullptr) return;
  std::ofstream(std::string(folder) + "/" + std::to_string(count++) + ".ptx") << text;
}

}  // namespace

// The PTX of the lowest architecture.
std::string FatBinary::text() const {
  if (at<uint32_t>(data_, 0) != kMagic) fail("a fat binary of an unknown format");
  const char* const first = data_ + at<uint16_t>(data_, 6);
  const char* const end = first + at<uint64_t>(data_, 8);
  const char* best = nullptr;
  for (Entry e{first}; e.begin < end; e = e.next()) {
    if (!e.is_ptx()) continue;
    if (best == nullptr || e.architecture() < Entry{best}.architecture()) best = e.begin;
  }
  if (best == nullptr) fail("a fat binary without PTX: add a -virtual architecture to the build");
  std::string text = unpacked({best});
  text.resize(std::strlen(text.c_str()));
  dump(text);
  return text;
}

Module& FatBinary::module() {
  if (module_ == nullptr) module_ = std::make_unique<Module>(text());
  return *module_;
}

}  // namespace pg::ptx
