// terminal.h: properties of the terminal that a program prints to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pg {

// True if `fd` is a terminal that can clear a line.
bool can_redraw_lines(int fd);

// True if `fd` is a terminal for colours: not a dumb one, and NO_COLOR (https://no-color.org) is
// unset or empty.
bool wants_colour(int fd);

// The line with its first word in colour, if it begins with "warning: " (yellow), "error: " or
// "progan_cuda: " (red).
std::string coloured(std::string_view line);

// The width of the terminal; 80 if it is unknown.
int64_t terminal_columns(int fd);

}  // namespace pg
