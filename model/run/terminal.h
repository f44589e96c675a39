// terminal.h: properties of the terminal that a program prints to.
#pragma once

#include <cstdint>

namespace pg {

// True if `fd` is a terminal that can clear a line.
bool can_redraw_lines(int fd);

// The width of the terminal; 80 if it is unknown.
int64_t terminal_columns(int fd);

}  // namespace pg
