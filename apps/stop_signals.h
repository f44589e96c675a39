// stop_signals.h: signals that ask a program to end request a stop instead of killing it.
//
// A thread of its own receives them; all others block them. A handler would interrupt a thread that
// computes, and oneDNN's matrix products for AVX and AVX2 keep data below the stack pointer, where
// the handler's frame destroys them.
#pragma once

#include <atomic>
#include <string>

namespace pg::apps {

// Starts that thread. To be called once, before any other thread exists: threads inherit which
// signals they block. Until there is a StopSignals, a signal ends the program as usual.
void watch_stop_signals();

// While an object exists, the first signal sets requested(). The signals are Ctrl-C, SIGTERM, and
// those of a closed terminal (SIGHUP), a broken pipe (SIGPIPE: nobody reads the console any more),
// batch systems that announce the end of a job (SIGUSR1, SIGUSR2), and limits of time (SIGXCPU,
// SIGALRM, SIGVTALRM, SIGPROF). Except for the first two, a signal that the caller ignores stays
// ignored, as under nohup or after trap '' PIPE.
//
// Only a Ctrl-C at least half a second later ends the program at once: timeout(1) and batch systems
// signal both the program and its group, so each signal arrives twice within moments, and the
// second must not prevent the checkpoint that the first one requests. At most one object at a time,
// at the end of a program: signals after its destruction are ignored.
class StopSignals {
 public:
  // `notice` is written to standard error on the first signal; it must outlive the object.
  explicit StopSignals(const char* notice = "");
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static const std::atomic<bool>& requested();
};

// Throws the Error "stopped WHERE" if a stop is requested; temporary files are removed on the way.
void check_stop(const std::string& where);

}  // namespace pg::apps
