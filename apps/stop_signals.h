// stop_signals.h: Ctrl-C, SIGTERM and SIGHUP request a stop instead of killing the program.
#pragma once

#include <atomic>

namespace pg::apps {

// While an object exists, the first signal sets requested(). Only a Ctrl-C at least half a second
// later ends the program at once: timeout(1) and batch systems signal both the program and its
// group, so each signal arrives twice within moments, and the second must not prevent the
// checkpoint that the first one requests. SIGHUP stays ignored under nohup. At most one object at a
// time, at the end of a program: signals after its destruction are ignored.
class StopSignals {
 public:
  // `notice` is written to standard error on the first signal; it must outlive the object.
  explicit StopSignals(const char* notice = "");
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static const std::atomic<bool>& requested();
};

}  // namespace pg::apps
