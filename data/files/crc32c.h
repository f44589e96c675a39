// crc32c.h: the checksum of TFRecord files.
#pragma once

#include <cstdint>
#include <span>

namespace pg {

// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78): of "123456789" 0xe3069283.
uint32_t crc32c(std::span<const uint8_t> bytes);

// As TFRecord stores it: rotated right by 15 bits plus a constant, so that data which contains
// checksums can be checksummed in turn.
uint32_t masked_crc32c(std::span<const uint8_t> bytes);

}  // namespace pg
