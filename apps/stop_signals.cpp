// stop_signals.cpp: the signal handler; it uses only async-signal-safe functions.
#include "apps/stop_signals.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "kernels/error.h"

namespace pg::apps {
namespace {

constexpr int kAlways[] = {SIGINT, SIGTERM};
constexpr int kUnlessIgnored[] = {SIGHUP,  SIGPIPE, SIGUSR1,   SIGUSR2,
                                  SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF};

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

// Handlers run on a stack of their own: oneDNN's matrix products for AVX and AVX2 keep data below
// the stack pointer, which a handler on the same stack destroys.
using Handler = void (*)(int);
Handler set_handler(int signal, Handler handler) {
  struct sigaction action = {}, before = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  ::sigaction(signal, &action, &before);
  return before.sa_handler;
}

void use_own_stack() {
  constexpr size_t kBytes = 1 << 16;
  alignas(16) static std::array<char, kBytes> memory;
  stack_t stack = {};
  stack.ss_sp = memory.data();
  stack.ss_size = kBytes;
  ::sigaltstack(&stack, nullptr);
}

}  // namespace

StopSignals::StopSignals(const char* notice) {
  text = notice;
  use_own_stack();
  for (const int s : kAlways) set_handler(s, on_signal);
  for (const int s : kUnlessIgnored) {
    const auto before = set_handler(s, on_signal);
    // Another handler is a profiler's, except that of prepare_output for broken pipes.
    const bool taken = before == SIG_IGN || (before != SIG_DFL && s != SIGPIPE);
    if (taken) std::signal(s, before);
  }
}

// The handlers stay installed: everything is written by now, and a late signal must not turn
// success into failure.
StopSignals::~StopSignals() { text = ""; }

const std::atomic<bool>& StopSignals::requested() { return stop_requested; }

void check_stop(const std::string& where) {
  if (stop_requested) throw Error(message("stopped ", where));
}

}  // namespace pg::apps
