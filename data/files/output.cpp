// output.cpp: standard output through the buffer of C, which std::cout shares.
#include "data/files/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>

#include "kernels/error.h"

namespace pg {
namespace {

void open_if_closed(int fd, int mode) {
  if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) return;
  // The lowest free descriptor is `fd`, since those below it are open by now.
  [[maybe_unused]] const int opened = ::open("/dev/null", mode);
}

void on_broken_pipe(int) {}

[[noreturn]] void throw_output_error(int error) {
  const std::string why = error == 0 ? "" : ": " + std::generic_category().message(error);
  throw IoError(message("cannot write to standard output", why, "; the output is incomplete"));
}

}  // namespace

void prepare_output() {
  // Opened in the wrong direction: reading from or writing to a closed file remains an error.
  open_if_closed(STDIN_FILENO, O_WRONLY);
  open_if_closed(STDOUT_FILENO, O_RDONLY);
  open_if_closed(STDERR_FILENO, O_RDONLY);
  // A handler, because SIG_IGN would hide whether the caller wants broken pipes to be ignored.
  if (std::signal(SIGPIPE, on_broken_pipe) == SIG_IGN) std::signal(SIGPIPE, SIG_IGN);
}

void write_output(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) throw_output_error(errno);
}

void finish_output() {
  errno = 0;
  if (std::fflush(stdout) != 0) throw_output_error(errno);
  if (std::ferror(stdout) != 0) throw_output_error(0);
}

void write_message(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace pg
