// bytes.h: sizes in bytes as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pg {

// "4GB" (10^9), "512MiB" (2^20), "0.5 GiB", "1000000" or "1000000B", in upper or lower case.
// Nothing for any other text, or a size below one byte or above 2^62.
std::optional<int64_t> parse_bytes(std::string_view text);

// A question for a size such as "8", a number without a unit that is too small to mean bytes: "8
// what? Write 8GB or 8GiB". Empty for any other text.
std::string missing_unit(std::string_view text);

// Three digits, powers of 1000: "1.34 GB", "512 MB", "12.0 KB".
std::string format_bytes(int64_t bytes);

}  // namespace pg
