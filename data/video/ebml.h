// ebml.h: elements of EBML (RFC 8794), the binary format below WebM and Matroska.
//
// An element is its identifier, the number of bytes of its content, and the content. Sizes take
// eight bytes here, so that they can be overwritten when they are known.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace pg::ebml {

using Bytes = std::string;

inline constexpr size_t kSizeBytes = 8;

// The lowest `count` bytes of `value`, highest first.
inline Bytes big_endian(uint64_t value, int count) {
  Bytes bytes;
  for (int shift = 8 * (count - 1); shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 255);
  }
  return bytes;
}

// One to four bytes; the highest set bit of an identifier says how many.
inline Bytes identifier(uint32_t id) { return big_endian(id, (std::bit_width(id) + 7) / 8); }

// A size below 2^56 - 1: the marker of eight bytes and seven bytes.
inline Bytes size_field(uint64_t bytes) { return big_endian(uint64_t{1} << 56 | bytes, 8); }

// The size of an element that lasts until the end of the file.
inline Bytes unknown_size() { return big_endian((uint64_t{1} << 57) - 1, 8); }

inline Bytes element(uint32_t id, std::string_view content) {
  return identifier(id) + size_field(content.size()) + Bytes(content);
}

// Numbers have eight bytes, so that they can be overwritten.
inline Bytes number(uint32_t id, uint64_t value) { return element(id, big_endian(value, 8)); }
inline Bytes real(uint32_t id, double value) { return number(id, std::bit_cast<uint64_t>(value)); }

}  // namespace pg::ebml
