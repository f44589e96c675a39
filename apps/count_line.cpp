// count_line.cpp: the numbers of the line, as many as fit.
#include "apps/count_line.h"

#include <utility>

#include "apps/print.h"
#include "model/config/format.h"
#include "model/run/terminal.h"

namespace pg::apps {

namespace {

constexpr int kError = 2;  // standard error

}  // namespace

CountLine::CountLine(std::string what, int64_t total)
    : what_(std::move(what)), total_(total), terminal_(can_redraw_lines(kError)) {}

CountLine::~CountLine() {
  if (drawn_) note("\r\x1b[K");
}

void CountLine::update(int64_t done) {
  const Clock::time_point now = Clock::now();
  if (!terminal_ || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done) / seconds;
  const auto columns = static_cast<size_t>(terminal_columns(kError));
  std::string line = fmt::format("{} of {} {}", done, total_, what_);
  for (const std::string& more :
       {fmt::format(", {:.{}f}/s", rate, rate < 10 ? 1 : 0),
        ", " + format_duration(static_cast<double>(total_ - done) / rate) + " left"}) {
    if (line.size() + more.size() < columns) line += more;
  }
  note("\r\x1b[K{}", line);
  drawn_ = true;
}

}  // namespace pg::apps
