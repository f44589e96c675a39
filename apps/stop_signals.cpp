// stop_signals.cpp: the thread that waits for signals, and the handler of broken pipes.
#include "apps/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>
#include <thread>

#include "kernels/error.h"

namespace pg::apps {
namespace {

constexpr int kAlways[] = {SIGINT, SIGTERM};
constexpr int kUnlessIgnored[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF};

enum class Effect { ends_program, requests_stop, none };

std::atomic<Effect> effect{Effect::ends_program};
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

// Uses only async-signal-safe functions: also the handler of broken pipes.
void request_stop(int signal) {
  constexpr int64_t kSameRequest = 500;  // ms
  if (!stop_requested.exchange(true)) {
    stop_requested_at = milliseconds();
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, text, std::strlen(text));
  } else if (signal == SIGINT && milliseconds() - stop_requested_at > kSameRequest) {
    std::_Exit(128 + signal);
  }
}

using Handler = void (*)(int);
Handler handler_of(int signal) {
  struct sigaction action = {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler;
}

// As if it had not been blocked.
void end_by(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  std::signal(signal, SIG_DFL);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  std::raise(signal);
}

// Signals that the caller ignores stay ignored, except for those that always count, and a profiler
// keeps those for which it has a handler.
sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int s : kAlways) sigaddset(&set, s);
  for (const int s : kUnlessIgnored) {
    if (handler_of(s) == SIG_DFL) sigaddset(&set, s);
  }
  return set;
}

[[noreturn]] void watch(sigset_t set) {
  for (;;) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0) continue;
    switch (effect) {
      case Effect::ends_program:
        if (handler_of(signal) != SIG_IGN) end_by(signal);
        break;
      case Effect::requests_stop:
        request_stop(signal);
        break;
      case Effect::none:
        break;
    }
  }
}

// A broken pipe is met by the thread that writes to it, outside of any computation. One that
// another program sends goes to the first thread, which therefore has a stack of its own for it.
void watch_pipes() {
  constexpr size_t kBytes = 1 << 16;
  alignas(16) static std::array<char, kBytes> memory;
  stack_t stack = {};
  stack.ss_sp = memory.data();
  stack.ss_size = kBytes;
  ::sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_handler = request_stop;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  if (handler_of(SIGPIPE) != SIG_IGN) ::sigaction(SIGPIPE, &action, nullptr);
}

}  // namespace

void watch_stop_signals() {
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  try {
    std::thread(watch, set).detach();
  } catch (const std::system_error&) {  // no more threads: a signal then ends the program
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  }
}

StopSignals::StopSignals(const char* notice) {
  text = notice;
  watch_pipes();
  effect = Effect::requests_stop;
}

// Everything is written by now, and a late signal must not turn success into failure.
StopSignals::~StopSignals() {
  text = "";
  effect = Effect::none;
}

const std::atomic<bool>& StopSignals::requested() { return stop_requested; }

void check_stop(const std::string& where) {
  if (stop_requested) throw Error(message("stopped ", where));
}

}  // namespace pg::apps
