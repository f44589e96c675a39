// safetensors_format.h: shared by the writer and the reader of safetensors.
#pragma once

#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "data/files/crc32.h"

namespace pg::safetensors {

static_assert(std::endian::native == std::endian::little, "files are read without conversion");

inline constexpr const char* kMetadata = "__metadata__";
inline constexpr const char* kDataChecksum = "crc32";
inline constexpr const char* kHeaderChecksum = "header_crc32";
inline constexpr size_t kAlignment = 64;
inline constexpr uint64_t kMostHeader = uint64_t{1} << 24;  // of 100,000 tensors

// Checksum of the header without its checksums. nlohmann::json sorts keys, so writer and reader see
// the same text.
inline std::string header_checksum(nlohmann::json header) {
  header[kMetadata].erase(kDataChecksum);
  header[kMetadata].erase(kHeaderChecksum);
  const std::string text = header.dump();
  return crc_text(crc32_of(std::as_bytes(std::span(text))));
}

}  // namespace pg::safetensors
