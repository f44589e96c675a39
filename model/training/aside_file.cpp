// aside_file.cpp: write aside, fsync, rename, fsync of the folder.
#include "model/training/aside_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "kernels/error.h"

namespace pg {

namespace {

void sync_folder_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_system_error("open the folder of", path, errno);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  // Some network file systems cannot sync a folder; the rename itself has happened.
  if (error != 0 && error != EINVAL) throw_system_error("sync the folder of", path, error);
}

}  // namespace

void throw_system_error(std::string_view verb, const std::filesystem::path& path, int error_number,
                        std::string_view what_to_do) {
  std::string advice(what_to_do);
  if (advice.empty() && (error_number == ENOSPC || error_number == EDQUOT)) {
    advice = "free some space there";
  }
  throw IoError(message("cannot ", verb, " '", path.string(),
                        "': ", std::generic_category().message(error_number),
                        advice.empty() ? "" : "; ", advice));
}

AsideFile::AsideFile(std::filesystem::path path) : path_(std::move(path)), aside_(path_) {
  aside_ += message(".tmp-", ::getpid());
  fd_ = ::open(aside_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) throw_system_error("write", path_, errno);
}

AsideFile::~AsideFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(aside_.c_str());
}

void AsideFile::write(std::span<const std::byte> bytes) {
  PG_ASSERT(fd_ >= 0);
  constexpr size_t kMost = size_t{1} << 30;  // one write() takes at most 2 GiB
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), std::min(bytes.size(), kMost));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw_system_error("write", path_, errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void AsideFile::commit() {
  PG_ASSERT(fd_ >= 0);
  // The disk may report a failed write as late as here.
  if (::fsync(fd_) != 0) throw_system_error("write", path_, errno);
  if (::rename(aside_.c_str(), path_.c_str()) != 0) throw_system_error("write", path_, errno);
  ::close(std::exchange(fd_, -1));
  sync_folder_of(path_);
}

void write_file_aside(const std::filesystem::path& path, std::string_view text) {
  AsideFile file(path);
  file.write(text);
  file.commit();
}

}  // namespace pg
