// fed_process.cpp: a child whose input is a socket, and whose messages go to a file in memory.
#include "data/files/fed_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernels/error.h"

extern char** environ;

namespace pg {
namespace {

// Files, group and signals of the child.
class Surroundings {
 public:
  Surroundings(int in, int messages) {
    ::posix_spawn_file_actions_init(&files_);
    // First: a copy onto itself would keep the flag that closes it.
    ::posix_spawn_file_actions_adddup2(&files_, in, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, messages, STDERR_FILENO);
    ::posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);  // this program blocks some
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  }
  ~Surroundings() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

FedProcess::FedProcess(const std::string& program, const std::vector<std::string>& arguments,
                       const std::string& what, const std::string& advice) {
  // A socket, because writing to a pipe without a reader would raise a signal.
  int ends[2];
  PG_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, IoError,
           "cannot make a pipe: ", std::strerror(errno));
  input_ = FileHandle(ends[0]);
  const FileHandle theirs(ends[1]);
  messages_ = FileHandle(::memfd_create("messages", MFD_CLOEXEC));
  PG_CHECK(messages_, IoError, "cannot make a file in memory: ", std::strerror(errno));
  std::vector<char*> words = {const_cast<char*>(program.c_str())};
  for (const std::string& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
  words.push_back(nullptr);
  const Surroundings around(theirs.get(), messages_.get());
  const int error = ::posix_spawnp(&pid_, program.c_str(), around.files(), around.attributes(),
                                   words.data(), environ);
  if (error == 0) return;
  pid_ = -1;
  PG_CHECK(error != ENOENT, UsageError, what, " needs the program ", program,
           ", which is not in PATH; ", advice);
  throw IoError(message("cannot start ", program, ": ", std::strerror(error), "; ", advice));
}

FedProcess::~FedProcess() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  finish();
}

bool FedProcess::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::send(input_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return true;
}

bool FedProcess::finish() {
  input_ = FileHandle();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string FedProcess::last_line() const {
  constexpr off_t kLongest = 4096;
  const off_t size = std::max<off_t>(::lseek(messages_.get(), 0, SEEK_END), 0);
  std::string text(static_cast<size_t>(std::min(size, kLongest)), '\0');
  const off_t start = size - static_cast<off_t>(text.size());
  const ssize_t got = ::pread(messages_.get(), text.data(), text.size(), start);
  text.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
  const size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "";
  text.resize(end + 1);
  return text.substr(text.find_last_of("\r\n") + 1);  // npos + 1 is 0
}

}  // namespace pg
