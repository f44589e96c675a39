// records.h: TFRecord files of images, made for tests.
#pragma once

#include <cstring>
#include <string>

#include "data/files/crc32c.h"
#include "data/images/image.h"

namespace pg::testing {

template <typename T>
std::string little_endian(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

inline std::string varint(uint64_t value) {
  std::string text;
  for (; value >= 128; value >>= 7) text += static_cast<char>(value | 128);
  return text + static_cast<char>(value);
}

// A field of a protocol buffer that has bytes.
inline std::string field(uint64_t number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}

enum class Packing { packed, single };

inline std::string example(const Image& image, Packing packing = Packing::packed) {
  std::string shape, data;
  for (const int64_t extent : {image.channels, image.height, image.width}) {
    if (packing == Packing::single) shape += varint(1 << 3);
    shape += varint(static_cast<uint64_t>(extent));
  }
  if (packing == Packing::packed) shape = field(1, shape);
  for (int64_t c = 0; c < image.channels; ++c) {
    for (int64_t i = 0; i < image.height * image.width; ++i) {
      data += static_cast<char>(image.pixels[static_cast<size_t>(i * image.channels + c)]);
    }
  }
  const auto entry = [](const std::string& key, const std::string& feature) {
    return field(1, field(1, key) + field(2, feature));
  };
  return field(1, entry("shape", field(3, shape)) + entry("data", field(1, field(1, data))));
}

inline uint32_t masked(const std::string& text) {
  return masked_crc32c({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

inline std::string record(const std::string& bytes) {
  const std::string length = little_endian<uint64_t>(bytes.size());
  return length + little_endian(masked(length)) + bytes + little_endian(masked(bytes));
}

}  // namespace pg::testing
