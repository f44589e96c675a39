// faulty_life.cpp: child processes, small disks and damage.
#include "tests/soak/faulty_life.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include "kernels/error.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

bool write_whole(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return out.good();
}

// Directly as root, else as root of a new user namespace.
bool leave_mounts(std::string& reason) {
  if (::unshare(CLONE_NEWNS) == 0) return true;
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    reason = std::strerror(errno);
    return false;
  }
  return write_whole("/proc/self/setgroups", "deny") &&
         write_whole("/proc/self/uid_map", message("0 ", user, " 1")) &&
         write_whole("/proc/self/gid_map", message("0 ", group, " 1"));
}

// Returns in a process that is number 1 of its namespace and ends with the calling one, which
// itself waits and ends as it does.
void become_process_1() {
  if (::unshare(CLONE_NEWPID) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
    ::_exit(Child::kNoNamespaces);
  }
  const pid_t parent = ::getpid(), first = ::fork();
  if (first == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != 0 && ::getppid() != parent) ::_exit(127);  // it has ended already
    return;
  }
  int status = 0;
  if (first < 0 || ::waitpid(first, &status, 0) < 0) ::_exit(127);
  if (WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  ::signal(WTERMSIG(status), SIG_DFL);
  ::raise(WTERMSIG(status));
  ::_exit(127);
}

}  // namespace

Child::Child(const std::string& program, const std::vector<std::string>& arguments,
             const fs::path& folder, const fs::path& screen, const Surroundings& around) {
  std::vector<char*> words = {const_cast<char*>(program.c_str())};
  for (const std::string& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
  words.push_back(nullptr);
  fs::remove(screen);  // of the previous process
  int ends[2] = {-1, -1};
  PG_CHECK(!around.pipe || ::pipe2(ends, O_CLOEXEC) == 0, Error, "cannot make a pipe");
  pid_ = ::fork();
  PG_CHECK(pid_ >= 0, Error, "cannot fork: ", std::strerror(errno));
  if (pid_ > 0) {
    pipe_ = ends[0];
    if (around.pipe) ::close(ends[1]);
    return;
  }
  const int out = around.pipe ? ends[1] : ::open(screen.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
  ::dup2(out, 1);
  ::dup2(out, 2);
  if (around.file_limit > 0) {
    const auto bytes = static_cast<rlim_t>(around.file_limit);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (around.own_pids) become_process_1();
  if (::chdir(folder.c_str()) == 0) ::execv(program.c_str(), words.data());
  ::_exit(127);
}

Child::~Child() {
  if (running()) {
    signal(SIGKILL);
    wait();
  }
  close_pipe();
}

void Child::close_pipe() {
  if (pipe_ >= 0) ::close(std::exchange(pipe_, -1));
}

bool Child::running() {
  if (status_ < 0 && ::waitpid(pid_, &status_, WNOHANG) == 0) status_ = -1;
  return status_ < 0;
}

void Child::signal(int number) const { ::kill(pid_, number); }

int Child::wait() {
  if (status_ < 0) ::waitpid(pid_, &status_, 0);
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

bool Child::run_for(double seconds, const std::function<bool()>& done) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (running() && Clock::now() < end && !(done && done())) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return running();
}

bool mount_small_disk(const fs::path& folder, int64_t bytes, std::string& reason) {
  if (!leave_mounts(reason)) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("soak", folder.c_str(), "tmpfs", 0, message("size=", bytes).c_str()) != 0) {
    reason = std::strerror(errno);
    return false;
  }
  return true;
}

int64_t number_from(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoll(text);
}

void fill_disk(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  const std::vector<char> block(1 << 16, 'x');
  for (size_t size = block.size(); size > 0;) {
    if (::write(fd, block.data(), size) <= 0) size /= 2;
  }
  ::close(fd);
}

void damage(const fs::path& file, std::mt19937_64& random) {
  const auto size = static_cast<int64_t>(fs::file_size(file));
  const int64_t place =
      std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(size - 1, 0))(random);
  if (random() % 2 == 0 || size == 0) {
    fs::resize_file(file, static_cast<uintmax_t>(place));
    return;
  }
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(place);
  const int byte = stream.get();
  stream.seekp(place);
  stream.put(static_cast<char>(byte ^ (1 << random() % 8)));
}

}  // namespace pg::test
