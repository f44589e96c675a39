// stop_signals.h: Ctrl-C, SIGTERM and SIGHUP ask for an end instead of being one.
#pragma once

#include <atomic>

namespace pg::apps {

// While it lives, the first signal sets requested(). Only a Ctrl-C half a second later ends the
// program at once: timeout(1) and batch systems send their signal to the program and to its group,
// twice in all and within moments, and that must not cost what the request is there to save. SIGHUP
// stays ignored under nohup. One at a time, and the last thing that a program does: a signal that
// comes after its end is ignored.
class StopSignals {
 public:
  // `said` goes to the standard error stream at the first signal; it must outlive this.
  explicit StopSignals(const char* said = "");
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static const std::atomic<bool>& requested();
};

}  // namespace pg::apps
