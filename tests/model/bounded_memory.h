// bounded_memory.h: how much memory something takes.
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

// By how many bytes the process grows, at its largest, while f() runs. In a process of its own, so
// that memory freed before does not hide what is taken. INT64_MAX where f ends the process.
template <typename F>
int64_t memory_of(F&& f) {
  int ends[2];
  if (::pipe(ends) != 0) return INT64_MAX;
  const pid_t child = ::fork();
  if (child == 0) {
    std::ofstream("/proc/self/clear_refs") << 5;  // the peak starts anew from here
    const int64_t before = memory_line("VmRSS");
    f();
    const int64_t grown = memory_line("VmHWM") - before;
    const bool told = ::write(ends[1], &grown, sizeof(grown)) == sizeof(grown);
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  int64_t grown = INT64_MAX;
  if (::read(ends[0], &grown, sizeof(grown)) != sizeof(grown)) grown = INT64_MAX;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return grown;
}

}  // namespace pg::test
