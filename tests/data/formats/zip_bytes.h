// zip_bytes.h: zip archives written by hand, like those of torch.save and malformed ones.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/data/formats/pickle/pickle_bytes.h"

namespace pg::test {

// An entry of `packed` bytes, stored (method 0) or deflated (8). Claims left open are correct for
// stored entries.
struct ZipEntry {
  std::string name;
  std::string packed;
  uint16_t method = 0;
  std::optional<uint32_t> claimed_bytes = {};
  std::optional<uint32_t> claimed_crc = {};
};

inline std::string zip_bytes(const std::vector<ZipEntry>& entries) {
  std::string out, directory;
  for (const ZipEntry& entry : entries) {
    const auto size = static_cast<uint32_t>(entry.packed.size());
    const auto crc = static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const unsigned char*>(entry.packed.data()), size));
    const std::string facts =
        little_endian(uint16_t{20}) + little_endian(uint16_t{0}) + little_endian(entry.method) +
        little_endian(uint32_t{0}) + little_endian(entry.claimed_crc.value_or(crc)) +
        little_endian(size) + little_endian(entry.claimed_bytes.value_or(size)) +
        little_endian(static_cast<uint16_t>(entry.name.size())) + little_endian(uint16_t{0});
    const auto place = static_cast<uint32_t>(out.size());
    out += "PK\x03\x04" + facts + entry.name + entry.packed;
    directory += "PK\x01\x02" + little_endian(uint16_t{20}) + facts + std::string(10, '\0') +
                 little_endian(place) + entry.name;
  }
  const auto count = little_endian(static_cast<uint16_t>(entries.size()));
  const auto place = little_endian(static_cast<uint32_t>(out.size()));
  return out + directory + "PK\x05\x06" + std::string(4, '\0') + count + count +
         little_endian(static_cast<uint32_t>(directory.size())) + place + std::string(2, '\0');
}

// A torch file in the zip format.
inline std::string torch_zip(const std::string& pickle, const std::vector<ZipEntry>& storages) {
  std::vector<ZipEntry> entries = {{"archive/data.pkl", pickle}, {"archive/version", "3\n"}};
  for (const ZipEntry& storage : storages) {
    entries.push_back(storage);
    entries.back().name = "archive/data/" + storage.name;
  }
  return zip_bytes(entries);
}

// A torch file in the older format; `elements` is the number of elements of a storage.
struct LegacyStorage {
  std::string key;
  int64_t elements = 0;
  std::string data;
};
inline std::string torch_legacy(const std::string& pickle,
                                const std::vector<LegacyStorage>& storages) {
  std::string out("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.",
                  21);
  out += PickleBytes().raw("}(").text("little_endian").raw("\x88u").end() + pickle;
  PickleBytes keys;
  keys.raw("](");
  for (const LegacyStorage& storage : storages) keys.text(storage.key);
  out += keys.raw("e").end();
  for (const LegacyStorage& storage : storages)
    out += little_endian(storage.elements) + storage.data;
  return out;
}

inline std::string bytes_of_floats(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) bytes += little_endian(value);
  return bytes;
}

}  // namespace pg::test
