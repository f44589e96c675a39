// zip.cpp: fuzz target of zip archives as sources of images. The mutations change entries and what
// the directory says about them, and write an archive whose checksums and offsets fit.
#include "data/formats/zip_archive.h"

#include <algorithm>

#include "data/sources/source.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

namespace {

using pg::test::ZipEntry;

template <typename T>
T number_at(const std::string& text, size_t at) {
  T value{};
  std::memcpy(&value, text.data() + at, sizeof value);
  return value;
}

// The entries whose local headers follow one another from the start.
std::vector<ZipEntry> entries_of(const std::string& text) {
  std::vector<ZipEntry> entries;
  for (size_t at = 0; at + 30 <= text.size() && text.compare(at, 4, "PK\x03\x04") == 0;) {
    const size_t name = number_at<uint16_t>(text, at + 26),
                 extra = number_at<uint16_t>(text, at + 28);
    const size_t packed = number_at<uint32_t>(text, at + 18);
    const size_t from = at + 30 + name + extra;
    if (from > text.size() || packed > text.size() - from) break;
    ZipEntry entry{text.substr(at + 30, name), text.substr(from, packed)};
    entry.method = number_at<uint16_t>(text, at + 8);
    if (entry.method != 0) {
      entry.claimed_bytes = number_at<uint32_t>(text, at + 22);
      entry.claimed_crc = number_at<uint32_t>(text, at + 14);
    }
    entries.push_back(entry);
    at = from + packed;
  }
  return entries;
}

void change(std::vector<ZipEntry>& entries, pg::fuzz::Random& random) {
  const size_t i = pg::fuzz::below(random, entries.size());
  ZipEntry& entry = entries[i];
  switch (pg::fuzz::below(random, 8)) {
    case 0:
      entry.name = pg::fuzz::mutated(entry.name, 64);
      break;
    case 1:
      entry.claimed_bytes = static_cast<uint32_t>(random());
      break;
    case 2:
      entry.claimed_bytes =
          static_cast<uint32_t>(entry.packed.size() * pg::fuzz::below(random, 1100));
      break;
    case 3:
      entry.method = static_cast<uint16_t>(pg::fuzz::below(random, 16));
      break;
    case 4:
      entries.push_back(entry);
      break;
    case 5:
      entry.packed = pg::fuzz::mutated_json(entry.packed, random, 1024);
      break;
    case 6:
      entry.claimed_bytes.reset();
      entry.claimed_crc.reset();
      break;
    default:
      entry.packed = pg::fuzz::mutated(entry.packed, 4096);
  }
}

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  pg::fuzz::Random random(seed);
  std::vector<ZipEntry> entries =
      entries_of(std::string(reinterpret_cast<const char*>(data), size));
  if (entries.empty() || pg::fuzz::below(random, 4) == 0) {
    return LLVMFuzzerMutate(data, size, max_size);  // headers and directory as well
  }
  change(entries, random);
  const std::string text = pg::test::zip_bytes(entries);
  return text.size() > max_size ? size : pg::fuzz::give(text, data, max_size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const pg::fuzz::MemoryFile file({data, size});
  pg::fuzz::reads_or_rejects([&] { pg::is_zip(file.path()); });
  pg::fuzz::reads_or_rejects([&] {
    const auto source = pg::open_zip_source(file.path());
    for (int64_t i = 0; i < std::min<int64_t>(source->count(), 4); ++i) {
      pg::fuzz::claim(source->label(i) >= 0);
      pg::fuzz::reads_or_rejects([&] { source->load(i); });
    }
  });
  return 0;
}
