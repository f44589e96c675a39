// append_file.cpp: files below an open folder.
#include "model/run/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "data/files/file_kind.h"
#include "data/files/io_error.h"
#include "kernels/error.h"

namespace pg {
namespace {

void require_regular(const std::filesystem::path& path, mode_t mode) {
  PG_CHECK(S_ISREG(mode), IoError, "'", path.string(), "' is ", kind_of(mode),
           ", not a file of a run; move it away");
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path path)
    : path_(std::move(path)), name_(path_.filename()) {
  check_regular(path_);
  folder_ = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) throw_io_error("write", path_, errno);
  try {
    fd_ = open_file(O_CREAT);
  } catch (const Error&) {
    ::close(folder_);
    throw;
  }
}

AppendFile::~AppendFile() {
  ::close(fd_);
  ::close(folder_);
}

int AppendFile::open_file(int flags) const {
  constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const int fd = ::openat(folder_, name_.c_str(), kFlags | flags, 0666);
  if (fd < 0) throw_io_error("write", path_, errno);
  struct stat status = {};
  const bool known = ::fstat(fd, &status) == 0;
  if (known && S_ISREG(status.st_mode)) return fd;
  ::close(fd);
  require_regular(path_, status.st_mode);
  throw_io_error("write", path_, EIO);
}

bool AppendFile::find_again() {
  struct stat open = {}, named = {};
  if (::fstat(fd_, &open) != 0) throw_io_error("write", path_, errno);
  const bool found = ::fstatat(folder_, name_.c_str(), &named, 0) == 0;
  if (found && named.st_dev == open.st_dev && named.st_ino == open.st_ino) return false;
  if (!found && errno != ENOENT) throw_io_error("write", path_, errno);
  const int again = open_file(found ? 0 : O_CREAT);
  ::close(std::exchange(fd_, again));
  return !found;
}

void AppendFile::append(std::string_view text) {
  struct stat before = {};
  if (::fstat(fd_, &before) != 0) throw_io_error("write", path_, errno);
  const ssize_t n = ::write(fd_, text.data(), text.size());
  if (n < 0) throw_io_error("write", path_, errno);
  if (static_cast<size_t>(n) == text.size()) return;
  // If this fails too, an incomplete line stays.
  [[maybe_unused]] const int ignored = ::ftruncate(fd_, before.st_size);
  throw_io_error("write", path_, ENOSPC);
}

void AppendFile::sync() {
  if (::fsync(fd_) != 0 && errno != EINVAL) throw_io_error("write", path_, errno);
}

void check_regular(const std::filesystem::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) == 0) return require_regular(path, status.st_mode);
  if (errno == ENOENT && ::lstat(path.c_str(), &status) == 0) {
    require_regular(path, status.st_mode);
  }
}

}  // namespace pg
