// count_line.h: progress of commands that make a known number of images: one line, redrawn in place
// on a terminal, nothing elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pg::apps {

class CountLine {
 public:
  // `what` is the plural of what is counted, such as "images".
  CountLine(std::string what, int64_t total);
  ~CountLine();  // clears the line
  CountLine(const CountLine&) = delete;
  CountLine& operator=(const CountLine&) = delete;

  // Draws at most ten times a second.
  void update(int64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  int64_t total_;
  bool terminal_, drawn_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace pg::apps
