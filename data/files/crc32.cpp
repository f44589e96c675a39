// crc32.cpp: zlib's functions on spans.
#include "data/files/crc32.h"

#include <zlib.h>

#include "data/files/hex.h"

namespace pg {

uint32_t crc32_of(std::span<const std::byte> bytes, uint32_t crc) {
  if (bytes.empty()) return crc;  // zlib returns its initial value for a null pointer
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

uint32_t crc32_joined(uint32_t first, uint32_t second, int64_t second_bytes) {
  return static_cast<uint32_t>(crc32_combine(first, second, second_bytes));
}

std::string crc_text(uint32_t crc) { return hex_digits(crc, 8); }

}  // namespace pg
