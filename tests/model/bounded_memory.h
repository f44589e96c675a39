// bounded_memory.h: measures the memory that a function needs.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

namespace pg::test {

// A line of /proc/self/status, in bytes.
inline int64_t memory_line(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  int64_t kilobytes = 0;
  while (status >> word) {
    if (word == name + ":" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// The growth of the process at its peak while f() runs, in bytes. Runs in a child process, so
// memory freed earlier does not hide the growth. INT64_MAX if f ends the process.
template <typename F>
int64_t memory_of(F&& f) {
  int ends[2];
  if (::pipe(ends) != 0) return INT64_MAX;
  const pid_t child = ::fork();
  if (child == 0) {
    std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak
    const int64_t before = memory_line("VmRSS");
    f();
    const int64_t grown = memory_line("VmHWM") - before;
    const bool sent = ::write(ends[1], &grown, sizeof(grown)) == sizeof(grown);
    ::_exit(sent ? 0 : 1);
  }
  ::close(ends[1]);
  int64_t grown = INT64_MAX;
  if (::read(ends[0], &grown, sizeof(grown)) != sizeof(grown)) grown = INT64_MAX;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return grown;
}

}  // namespace pg::test
