// format.h: durations and counts as text.
#pragma once

#include <cstdint>
#include <string>

namespace pg {

// "42s", "3m 05s", "1h 04m", "2d 03h"; "?" for an unknown one (negative, not finite).
std::string format_duration(double seconds);

// "950", "12.3k", "4.0M".
std::string format_count(double count);

// Fixed point, `digits` digits after the point.
std::string format_fixed(double value, int digits);

}  // namespace pg
