// crc32.h: the CRC-32 of zlib, which dataset files, checkpoints and zip archives carry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace pg {

// The checksum of `bytes` appended to data with the checksum `crc` (0: no data before).
uint32_t crc32_of(std::span<const std::byte> bytes, uint32_t crc = 0);

// The checksum of two pieces one after the other; the second is `second_bytes` long.
uint32_t crc32_joined(uint32_t first, uint32_t second, int64_t second_bytes);

// 8 hexadecimal digits.
std::string crc_text(uint32_t crc);

}  // namespace pg
