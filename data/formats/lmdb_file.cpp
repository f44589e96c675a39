// lmdb_file.cpp: LMDB's data format, version 1: two meta pages, and a tree of pages.
#include "data/formats/lmdb_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/error.h"

namespace pg {
namespace {

constexpr uint32_t kMagic = 0xbeefc0deu, kVersion = 1;
constexpr int64_t kPageHeader = 16, kNodeHeader = 8, kMetaBytes = 152;
constexpr uint16_t kBranch = 1, kLeaf = 2, kOverflow = 4,
                   kKind = 0x7f & ~0x10;  // without the dirty bit
constexpr uint16_t kBigValue = 1;
constexpr uint64_t kNoPage = ~uint64_t{0};

template <typename T>
T number_at(std::span<const uint8_t> bytes, int64_t offset) {
  PG_ASSERT(offset >= 0 &&
            offset + static_cast<int64_t>(sizeof(T)) <= static_cast<int64_t>(bytes.size()));
  T value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

struct LmdbFile::Meta {
  uint64_t page_bytes = 0, root = 0, last_page = 0, transaction = 0;
};

struct LmdbFile::Node {
  int64_t key_at = 0, key_bytes = 0;
  int64_t value_bytes = 0;
  uint16_t flags = 0;
};

bool is_lmdb_file(const std::filesystem::path& file) {
  const std::vector<uint8_t> start = read_file_start(file, kPageHeader + 8);
  return static_cast<int64_t>(start.size()) == kPageHeader + 8 &&
         number_at<uint32_t>(start, 16) == kMagic && number_at<uint32_t>(start, 20) == kVersion;
}

// None if the page is missing or its fields are impossible.
std::optional<LmdbFile::Meta> LmdbFile::read_meta(int64_t offset) const {
  if (offset > file_.size() - kMetaBytes) return std::nullopt;
  std::array<uint8_t, kMetaBytes> bytes;
  file_.read(offset, bytes);
  if (number_at<uint32_t>(bytes, 16) != kMagic || number_at<uint32_t>(bytes, 20) != kVersion) {
    return std::nullopt;
  }
  const Meta meta = {.page_bytes = number_at<uint32_t>(bytes, 40),
                     .root = number_at<uint64_t>(bytes, 128),
                     .last_page = number_at<uint64_t>(bytes, 136),
                     .transaction = number_at<uint64_t>(bytes, 144)};
  const bool power = (meta.page_bytes & (meta.page_bytes - 1)) == 0;
  const bool possible = power && meta.page_bytes >= 256 && meta.page_bytes <= 65536 &&
                        meta.last_page < (uint64_t{1} << 46) &&
                        (meta.root == kNoPage || meta.root <= meta.last_page);
  return possible ? std::optional(meta) : std::nullopt;
}

LmdbFile::LmdbFile(const std::filesystem::path& path) : file_(path) {
  std::optional<Meta> newest = read_meta(0);
  // If the first meta page is damaged, the second one follows a page of the usual size.
  const auto second = read_meta(newest ? static_cast<int64_t>(newest->page_bytes) : 4096);
  if (second && (!newest || (second->page_bytes == newest->page_bytes &&
                             second->transaction > newest->transaction))) {
    newest = second;
  }
  PG_CHECK(newest, FormatError, path.string(),
           " is not a 64-bit LMDB database or is damaged; download or unpack it again");
  page_bytes_ = static_cast<int64_t>(newest->page_bytes);
  const int64_t needed = (static_cast<int64_t>(newest->last_page) + 1) * page_bytes_;
  PG_CHECK(file_.size() >= needed, FormatError, path.string(), " is truncated: expected ", needed,
           " bytes, got ", file_.size(), "; download or unpack it again");
  if (newest->root != kNoPage) walk(*newest);
}

// A tree page whose table of nodes lies within it; none for any other page.
std::optional<LmdbFile::Page> LmdbFile::read_page(int64_t number) const {
  if (number < 2 || number >= file_.size() / page_bytes_) return std::nullopt;
  Page page{.number = number, .bytes = std::vector<uint8_t>(static_cast<size_t>(page_bytes_))};
  file_.read(number * page_bytes_, page.bytes);
  const uint16_t kind = number_at<uint16_t>(page.bytes, 10) & kKind;
  const int64_t lower = number_at<uint16_t>(page.bytes, 12);
  page.leaf = kind == kLeaf;
  page.nodes = (lower - kPageHeader) / 2;
  const bool sound = number_at<uint64_t>(page.bytes, 0) == static_cast<uint64_t>(number) &&
                     (kind == kLeaf || kind == kBranch) && lower % 2 == 0 && page.nodes >= 1 &&
                     page.nodes * (2 + kNodeHeader) <= page_bytes_ - kPageHeader;
  return sound ? std::optional(std::move(page)) : std::nullopt;
}

// Depth first, hence in key order. Each page is visited once, even if branches repeat it.
void LmdbFile::walk(const Meta& meta) {
  std::vector<bool> seen(static_cast<size_t>(meta.last_page) + 1);
  std::vector<int64_t> open = {static_cast<int64_t>(meta.root)};
  while (!open.empty()) {
    const int64_t number = open.back();
    open.pop_back();
    const auto at = static_cast<size_t>(number);
    const bool again = at < seen.size() && seen[at];
    const auto page = again ? std::nullopt : read_page(number);
    if (at < seen.size()) seen[at] = true;
    if (!page) {
      entries_.push_back(-1 - number);
      continue;
    }
    const size_t before = open.size();
    for (int64_t k = 0; k < page->nodes; ++k) {
      const int64_t node = number_at<uint16_t>(page->bytes, kPageHeader + 2 * k);
      if (node < kPageHeader || node > page_bytes_ - kNodeHeader) {
        entries_.push_back(-1 - number);
      } else if (page->leaf) {
        entries_.push_back(number * page_bytes_ + node);
      } else {  // 48 bits
        open.push_back(static_cast<int64_t>(number_at<uint64_t>(page->bytes, node) << 16 >> 16));
      }
    }
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
  }
}

LmdbFile::Node LmdbFile::read_node(int64_t i) const {
  const int64_t at = entries_[static_cast<size_t>(i)];
  PG_CHECK(at >= 0, FormatError, "page ", -1 - at, " of the database is damaged");
  std::array<uint8_t, kNodeHeader> header;
  file_.read(at, header);
  Node node{.key_at = at + kNodeHeader, .key_bytes = number_at<uint16_t>(header, 6)};
  node.value_bytes = number_at<uint32_t>(header, 0);
  node.flags = number_at<uint16_t>(header, 4);
  const int64_t left = page_bytes_ - node.key_at % page_bytes_;
  const int64_t value_here = node.flags == kBigValue ? 8 : node.value_bytes;
  PG_CHECK(node.flags <= kBigValue, FormatError, "the entry is not a single value");
  PG_CHECK(node.key_at % page_bytes_ != 0 && node.key_bytes + value_here <= left, FormatError,
           "the entry is damaged");
  return node;
}

std::optional<int64_t> LmdbFile::damaged_page(int64_t i) const {
  const int64_t at = entries_[static_cast<size_t>(i)];
  return at < 0 ? std::optional(-1 - at) : std::nullopt;
}

std::string LmdbFile::key(int64_t i) const {
  const Node node = read_node(i);
  std::vector<uint8_t> bytes(static_cast<size_t>(node.key_bytes));
  file_.read(node.key_at, bytes);
  return {bytes.begin(), bytes.end()};
}

int64_t LmdbFile::value_bytes(int64_t i) const { return read_node(i).value_bytes; }

std::vector<uint8_t> LmdbFile::value(int64_t i, int64_t most_bytes) const {
  const Node node = read_node(i);
  int64_t at = node.key_at + node.key_bytes;
  if (node.flags == kBigValue) {
    std::array<uint8_t, kPageHeader> bytes;
    file_.read(at, std::span(bytes).first(8));
    const auto page = number_at<uint64_t>(bytes, 0);
    PG_CHECK(page < static_cast<uint64_t>(file_.size() / page_bytes_), FormatError,
             "the entry is damaged");
    at = static_cast<int64_t>(page) * page_bytes_;
    file_.read(at, bytes);
    const int64_t room = number_at<uint32_t>(bytes, 12) * page_bytes_ - kPageHeader;
    PG_CHECK((number_at<uint16_t>(bytes, 10) & kKind) == kOverflow &&
                 number_at<uint64_t>(bytes, 0) == page && node.value_bytes <= room,
             FormatError, "the value is damaged");
    at += kPageHeader;
  }
  PG_CHECK(node.value_bytes <= std::min(file_.size() - at, most_bytes), FormatError,
           "the length of the value is damaged");
  std::vector<uint8_t> bytes(static_cast<size_t>(node.value_bytes));
  file_.read(at, bytes);
  return bytes;
}

}  // namespace pg
