// read_file.cpp: read and pread.
#include "data/files/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "data/files/file_kind.h"
#include "data/files/io_error.h"
#include "kernels/error.h"

namespace pg {
namespace {

int64_t changed_at(const struct stat& info) {
  return info.st_mtim.tv_sec * int64_t{1000000000} + info.st_mtim.tv_nsec;
}

class OpenFile {
 public:
  // Without O_NONBLOCK, opening a FIFO waits for a writer; regular files ignore it.
  explicit OpenFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    if (fd_ < 0 && errno == ENXIO) {
      throw IoError(message("cannot read ", path.string(),
                            ": not a regular file but a socket or a device; check the path"));
    }
    if (fd_ < 0) throw_io_error("read", path, errno);
    if (::fstat(fd_, &info_) != 0) {
      const int error = errno;
      ::close(fd_);
      throw_io_error("read", path, error);
    }
    if (!S_ISREG(info_.st_mode)) {
      ::close(fd_);
      throw IoError(message("cannot read ", path.string(), ": not a regular file but ",
                            kind_of(info_.st_mode), "; check the path"));
    }
  }
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int fd() const { return fd_; }
  int64_t size() const { return info_.st_size; }
  int64_t changed() const { return changed_at(info_); }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
  struct stat info_ = {};
};

// At most `count` bytes from the start; fewer if the file is shorter.
std::vector<uint8_t> start_of(const OpenFile& file, const std::filesystem::path& path,
                              int64_t count) {
  std::vector<uint8_t> bytes(static_cast<size_t>(std::min(count, file.size())));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.fd(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error("read", path, errno);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

std::vector<uint8_t> read_file_start(const std::filesystem::path& path, int64_t count) {
  return start_of(OpenFile(path), path, count);
}

std::vector<uint8_t> read_file(const std::filesystem::path& path, int64_t most_bytes) {
  const OpenFile file(path);
  PG_CHECK(file.size() <= most_bytes, FormatError, path.string(), " has ", file.size(),
           " bytes; expected at most ", most_bytes, "; check the path or make the file smaller");
  return start_of(file, path, file.size());
}

ReadFile::ReadFile(const std::filesystem::path& path) : path_(path) {
  OpenFile file(path);
  size_ = file.size();
  changed_ = file.changed();
  fd_ = file.release();
}

ReadFile::~ReadFile() {
  if (fd_ >= 0) ::close(fd_);
}

ReadFile::ReadFile(ReadFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      changed_(other.changed_) {}

ReadFile& ReadFile::operator=(ReadFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(changed_, other.changed_);
  return *this;
}

bool ReadFile::unchanged() const {
  struct stat info = {};
  return ::fstat(fd_, &info) == 0 && info.st_size == size_ && changed_at(info) == changed_;
}

void ReadFile::read(int64_t offset, std::span<uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd_, out.data(), out.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error("read", path_, errno);
    PG_CHECK(got > 0, IoError, path_.string(), " ends at byte ", offset, " but had ", size_,
             " bytes when opened: it was truncated while in use; restore it or build it again");
    offset += got;
    out = out.subspan(static_cast<size_t>(got));
  }
}

}  // namespace pg
