// bytes.h: sizes in bytes as people write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pg {

// "4GB" (10^9), "512MiB" (2^20), "0.5 GiB", "1000000" or "1000000B", in any case; nothing for other
// texts, below one byte or above 2^62.
std::optional<int64_t> parse_bytes(std::string_view text);

// "1.34 GB", "512 MB", "12 KB" (powers of 1000), three digits.
std::string format_bytes(int64_t bytes);

}  // namespace pg
