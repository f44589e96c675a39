// stop_signals.cpp: the signal handler; it uses only async-signal-safe functions.
#include "apps/stop_signals.h"

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace pg::apps {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> stop_requested{false};
std::atomic<int64_t> stop_requested_at{0};
std::atomic<const char*> text{""};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free &&
              std::atomic<const char*>::is_always_lock_free);

int64_t milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

void on_signal(int signal) {
  constexpr int64_t kSameRequest = 500;  // ms
  if (!stop_requested.exchange(true)) {
    stop_requested_at = milliseconds();
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, text, std::strlen(text));
  } else if (signal == SIGINT && milliseconds() - stop_requested_at > kSameRequest) {
    std::_Exit(128 + signal);
  }
}

}  // namespace

StopSignals::StopSignals(const char* notice) {
  text = notice;
  for (const int s : kSignals) {
    const auto before = std::signal(s, on_signal);
    if (s == SIGHUP && before == SIG_IGN) std::signal(s, SIG_IGN);
  }
}

// The handlers stay installed: everything is written by now, and a late signal must not turn
// success into failure.
StopSignals::~StopSignals() { text = ""; }

const std::atomic<bool>& StopSignals::requested() { return stop_requested; }

}  // namespace pg::apps
