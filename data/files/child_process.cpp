// child_process.cpp: starts children without fork, reads their lines, and reaps them.
#include "data/files/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "kernels/error.h"

extern char** environ;

namespace pg {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = ChildProcess::Milliseconds;

constexpr Milliseconds kPoll(100);
constexpr size_t kLongestLine = 1 << 16;  // the rest of a longer one is dropped

Milliseconds left_until(Clock::time_point end) {
  return std::max(Milliseconds(0),
                  std::chrono::duration_cast<Milliseconds>(end - Clock::now()) + Milliseconds(1));
}

// The standard files of the child; every other file stays in this process, such as a lock that must
// not outlive it.
class Files {
 public:
  explicit Files(int out) {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);  // this program blocks some
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
    ::posix_spawn_file_actions_init(&actions_);
    // First: a copy onto itself would keep the flag that closes it.
    ::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  }
  ~Files() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  const posix_spawn_file_actions_t* get() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

std::string own_program() {
  const char* const started = std::getenv("PROGAN_CUDA_PROGRAM");
  return started != nullptr && *started != '\0' ? started : "/proc/self/exe";
}

void end_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

ChildProcess::ChildProcess(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> words = {const_cast<char*>(program.c_str())};
  for (const std::string& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
  words.push_back(nullptr);
  int ends[2];
  PG_CHECK(::pipe2(ends, O_CLOEXEC) == 0, IoError, "cannot make a pipe: ", std::strerror(errno));
  pipe_ = ends[0];
  const Files files(ends[1]);
  const int error =
      ::posix_spawn(&pid_, program.c_str(), files.get(), files.attributes(), words.data(), environ);
  ::close(ends[1]);
  if (error == 0) return;
  ::close(pipe_);
  throw IoError(message("cannot start '", program, "': ", std::strerror(error)));
}

ChildProcess::~ChildProcess() {
  kill();
  if (pipe_ >= 0) ::close(pipe_);
}

bool ChildProcess::take_line(std::string& line) {
  const size_t end = unread_.find('\n');
  if (end == std::string::npos) {
    unread_.resize(std::min(unread_.size(), kLongestLine));
    return false;
  }
  line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return true;
}

ChildProcess::Reading ChildProcess::next(Milliseconds limit, const std::function<bool()>& stop) {
  const Clock::time_point end = Clock::now() + limit;
  Reading reading{.event = Event::line, .line = {}};
  while (!take_line(reading.line)) {
    if (pipe_ < 0) return {.event = Event::ended, .line = {}};
    if (stop && stop()) return {.event = Event::stopped, .line = {}};
    pollfd pipe{.fd = pipe_, .events = POLLIN, .revents = 0};
    const Milliseconds wait = std::min(kPoll, left_until(end));
    const int ready = ::poll(&pipe, 1, static_cast<int>(wait.count()));
    if (ready == 0 && Clock::now() >= end) return {.event = Event::late, .line = {}};
    if (ready <= 0) continue;
    char bytes[4096];
    const ssize_t count = ::read(pipe_, bytes, sizeof bytes);
    if (count > 0) {
      unread_.append(bytes, static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      ::close(std::exchange(pipe_, -1));
    }
  }
  return reading;
}

bool ChildProcess::reap(Milliseconds limit) {
  const Clock::time_point end = Clock::now() + limit;
  for (;;) {
    const pid_t found = reaped_ ? pid_ : ::waitpid(pid_, &status_, WNOHANG);
    reaped_ = reaped_ || found == pid_;
    if (reaped_ || Clock::now() >= end) return reaped_;
    std::this_thread::sleep_for(std::min(Milliseconds(2), left_until(end)));
  }
}

ChildProcess::End ChildProcess::wait(Milliseconds limit) {
  constexpr Milliseconds kDying(10000);
  if (!reap(limit)) {
    ::kill(pid_, SIGKILL);
    if (!reap(kDying)) return {};
  }
  if (WIFSIGNALED(status_)) return {.code = -1, .signal = WTERMSIG(status_)};
  return {.code = WEXITSTATUS(status_), .signal = 0};
}

std::string ChildProcess::End::text() const {
  if (signal != 0) return message("signal ", signal, " (", ::strsignal(signal), ")");
  return code >= 0 ? message("exit code ", code) : "it could not be killed";
}

}  // namespace pg
