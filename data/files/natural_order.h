// natural_order.h: names in the order in which people count.
#pragma once

#include <string_view>

namespace pg {

// Whether `a` comes before `b`: numbers within names by their value ("2" before "10", "img9" before
// "img10"), everything else byte by byte. A strict order of all texts: names that differ only in
// leading zeros are compared byte by byte.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace pg
