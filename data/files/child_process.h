// child_process.h: a program run as a child, such as this one again, that reports in lines.
//
// For work that may crash or hang: a fault of a GPU cannot be cleared within a process. A child is
// always a program of its own: after a fork alone, CUDA could not be used in it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace pg {

// A path by which this program can be started again. In a bundle whose C library it uses,
// /proc/self/exe would be the loader; the bundle's start script passes its own path.
std::string own_program();

// To be called first in a child: it is killed when its parent ends, even if it hangs.
void end_with_parent();

class ChildProcess {
 public:
  using Milliseconds = std::chrono::milliseconds;

  // Starts the program with these arguments. Its standard output is read by next(), its standard
  // input and error are empty; no other file of this process is open in it. Throws IoError.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments);
  ~ChildProcess();  // kills it if it runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // line: a whole line, without its end. ended: there are no more. late: none came within the
  // limit. stopped: stop() returned true, which is asked several times per second.
  enum class Event { line, ended, late, stopped };
  struct Reading {
    Event event;
    std::string line;
  };
  Reading next(Milliseconds limit, const std::function<bool()>& stop = {});

  // How it ended: with an exit code, or by a signal; neither if it cannot be killed, as while a
  // driver hangs.
  struct End {
    int code = -1, signal = 0;
    bool success() const { return code == 0; }
    std::string text() const;  // "exit code 3", "signal 11 (Segmentation fault)"
  };
  // Waits for its end; kills it after the limit.
  End wait(Milliseconds limit = Milliseconds(5000));
  End kill() { return wait(Milliseconds(0)); }

  pid_t id() const { return pid_; }

 private:
  bool reap(Milliseconds limit);
  bool take_line(std::string& line);

  pid_t pid_ = -1;
  int pipe_ = -1;  // -1: closed
  bool reaped_ = false;
  int status_ = 0;
  std::string unread_;
};

}  // namespace pg
