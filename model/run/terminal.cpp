// terminal.cpp: properties of the terminal that a program prints to.
#include "model/run/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace pg {

bool can_redraw_lines(int fd) {
  const char* term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) != "dumb" && ::isatty(fd) == 1;
}

bool wants_colour(int fd) {
  const char* refused = std::getenv("NO_COLOR");
  return can_redraw_lines(fd) && (refused == nullptr || *refused == '\0');
}

std::string coloured(std::string_view line) {
  constexpr std::string_view kYellow = "\x1b[33m", kRed = "\x1b[31m", kEnd = "\x1b[0m";
  for (const std::string_view word : {"warning:", "error:", "progan_cuda:"}) {
    if (!line.starts_with(word) || !line.substr(word.size()).starts_with(' ')) continue;
    const std::string_view colour = word == "warning:" ? kYellow : kRed;
    std::string result(colour);
    return result.append(word).append(kEnd).append(line.substr(word.size()));
  }
  return std::string(line);
}

int64_t terminal_columns(int fd) {
  winsize size = {};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace pg
