// crc32c.h: the checksum of TFRecord files.
#pragma once

#include <cstdint>
#include <span>

namespace pg {

// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): of "123456789" 0xe3069283.
uint32_t crc32c(std::span<const uint8_t> bytes);

// As TFRecord stores it: turned right by 15 bits and shifted by a constant, so that checksums of
// data that holds checksums stay apart.
uint32_t masked_crc32c(std::span<const uint8_t> bytes);

}  // namespace pg
