// atomic_file.cpp: write a temporary file, fsync, rename, fsync the folder.
#include "data/files/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <utility>

#include "data/files/io_error.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

std::filesystem::path aside_of(const std::filesystem::path& path) {
  static std::atomic<int64_t> counter = 0;  // distinguishes the writers of one process
  std::filesystem::path aside = path;
  aside += message(".tmp-", ::getpid(), "-", counter++);
  return aside;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), aside_(aside_of(path_)) {
  fd_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) throw_io_error("write", path_, errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(aside_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  PG_ASSERT(fd_ >= 0);
  if (buffer_.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() > kBufferBytes) {
    write_at(size_, bytes);
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  size_ += static_cast<int64_t>(bytes.size());
}

void AtomicFile::overwrite(int64_t offset, std::span<const std::byte> bytes) {
  PG_ASSERT(fd_ >= 0 && offset >= 0 && offset + static_cast<int64_t>(bytes.size()) <= size_);
  flush();
  write_at(offset, bytes);
}

void AtomicFile::commit() {
  PG_ASSERT(fd_ >= 0);
  flush();
  if (::fsync(fd_) != 0) throw_io_error("write", path_, errno);
  if (::rename(aside_.c_str(), path_.c_str()) != 0) throw_io_error("write", path_, errno);
  const int closed = ::close(std::exchange(fd_, -1));
  if (closed != 0) throw_io_error("write", path_, errno);
  sync_folder(folder_of(path_));
}

void AtomicFile::flush() {
  write_at(size_ - static_cast<int64_t>(buffer_.size()), buffer_);
  buffer_.clear();
}

void AtomicFile::write_at(int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd_, bytes.data(), bytes.size(), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_io_error("write", path_, errno);
    offset += done;
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
}

void write_file_atomically(const std::filesystem::path& path,
                           std::initializer_list<std::span<const std::byte>> chunks) {
  AtomicFile file(path);
  for (const auto& chunk : chunks) file.write(chunk);
  file.commit();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  write_file_atomically(path, {std::as_bytes(std::span(text))});
}

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_io_error("write", folder, errno);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some network file systems cannot fsync a folder; the rename itself is done.
  if (result != 0 && error != EINVAL) throw_io_error("write", folder, error);
}

}  // namespace pg
