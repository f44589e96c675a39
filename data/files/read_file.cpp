// read_file.cpp: read, pread and mmap.
#include "data/files/read_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "data/files/io_error.h"
#include "kernels/error.h"

namespace pg {
namespace {

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw_io_error("read", path, errno);
    struct stat info = {};
    if (::fstat(fd_, &info) != 0) {
      const int error = errno;
      ::close(fd_);
      throw_io_error("read", path, error);
    }
    if (!S_ISREG(info.st_mode)) {
      ::close(fd_);
      throw IoError(message("cannot read ", path.string(), ": not a regular file"));
    }
    size_ = info.st_size;
  }
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int fd() const { return fd_; }
  int64_t size() const { return size_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
  int64_t size_ = 0;
};

}  // namespace

std::vector<uint8_t> read_file_start(const std::filesystem::path& path, int64_t count) {
  const OpenFile file(path);
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

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
  return read_file_start(path, INT64_MAX);
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  const OpenFile file(path);
  if (file.size() == 0) return;  // mmap rejects empty files
  size_ = static_cast<size_t>(file.size());
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (memory == MAP_FAILED) throw_io_error("map", path, errno);
  data_ = static_cast<const uint8_t*>(memory);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<uint8_t*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

ReadFile::ReadFile(const std::filesystem::path& path) : path_(path) {
  OpenFile file(path);
  size_ = file.size();
  fd_ = file.release();
}

ReadFile::~ReadFile() {
  if (fd_ >= 0) ::close(fd_);
}

ReadFile::ReadFile(ReadFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

ReadFile& ReadFile::operator=(ReadFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  return *this;
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
