// atomic_file.cpp: write a file aside, fsync, move it, fsync the folder.
#include "data/files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "data/files/io_error.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

}  // namespace

AtomicFile::AtomicFile(OutputPath to) : to_(std::move(to)) {
  to_.check();
  if (!to_.is_in_scratch()) scratch_.emplace(to_.path());
  file_ = scratch_ ? scratch_->content() : to_.path();
  fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd_ < 0) throw_io_error("write", path(), errno);
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(file_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  PG_ASSERT(fd_ >= 0);
  if (buffer_.size() + bytes.size() > kBufferBytes) {
    if (scratch_ && size_ <= static_cast<int64_t>(kBufferBytes)) scratch_->sync();
    flush();
  }
  if (bytes.size() > kBufferBytes) {
    write_at(fd_, size_, bytes, path());
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
  size_ += static_cast<int64_t>(bytes.size());
}

void AtomicFile::overwrite(int64_t offset, std::span<const std::byte> bytes) {
  PG_ASSERT(fd_ >= 0 && offset >= 0 && offset + static_cast<int64_t>(bytes.size()) <= size_);
  flush();
  write_at(fd_, offset, bytes, path());
}

void AtomicFile::count_filled() {
  PG_ASSERT(fd_ >= 0 && size_ == 0);
  struct stat now = {};
  if (::fstat(fd_, &now) != 0) throw_io_error("read", path(), errno);
  size_ = now.st_size;
}

void AtomicFile::commit() {
  PG_ASSERT(fd_ >= 0);
  flush();
  keep_permissions(fd_, path());
  if (::fsync(fd_) != 0) throw_io_error("write", path(), errno);
  if (scratch_) to_.take(file_);
  // From here on the name is that of another file.
  const int closed = ::close(std::exchange(fd_, -1));
  scratch_.reset();
  if (closed != 0) throw_io_error("write", path(), errno);
  sync_folder(folder_of(path()));
}

void AtomicFile::flush() {
  write_at(fd_, size_ - static_cast<int64_t>(buffer_.size()), buffer_, path());
  buffer_.clear();
}

void write_at(int fd, int64_t offset, std::span<const std::byte> bytes,
              const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw_io_error("write", path, errno);
    offset += done;
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
}

// Only the superuser can give a file away; anybody else becomes the owner of what they write.
void keep_permissions(int fd, const std::filesystem::path& path) {
  struct stat former = {};
  if (::lstat(path.c_str(), &former) != 0 || !S_ISREG(former.st_mode)) return;
  if (::fchown(fd, former.st_uid, former.st_gid) != 0) {
    [[maybe_unused]] const int ignored = ::fchown(fd, static_cast<uid_t>(-1), former.st_gid);
  }
  ::fchmod(fd, former.st_mode & 0777);
}

void write_file_atomically(const OutputPath& to,
                           std::initializer_list<std::span<const std::byte>> chunks) {
  AtomicFile file(to);
  for (const auto& chunk : chunks) file.write(chunk);
  file.commit();
}

void write_file_atomically(const OutputPath& to, std::string_view text) {
  write_file_atomically(to, {std::as_bytes(std::span(text))});
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
