// stats.cpp: writing, reading and cutting stats.jsonl.
#include "model/run/stats.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "data/files/atomic_file.h"
#include "data/files/io_error.h"

namespace pg {

namespace {

using nlohmann::json;

json parsed(const std::string& line) { return json::parse(line, nullptr, false); }

bool is_after(const std::string& line, double last_kimg) {
  const json object = parsed(line);
  const auto kimg = object.find("kimg");
  return kimg != object.end() && kimg->is_number() && kimg->get<double>() > last_kimg;
}

// Size up to the end of the last complete line.
off_t end_of_lines(int fd, off_t size) {
  char c = 0;
  while (size > 0 && ::pread(fd, &c, 1, size - 1) == 1 && c != '\n') --size;
  return size;
}

}  // namespace

StatsFile::StatsFile(std::filesystem::path path) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) throw_io_error("write", path_, errno);
  struct stat status = {};
  if (::fstat(fd_, &status) == 0) {
    const off_t end = end_of_lines(fd_, status.st_size);
    if (end == status.st_size || ::ftruncate(fd_, end) == 0) return;
  }
  const int error = errno;
  ::close(fd_);
  throw_io_error("write", path_, error);
}

StatsFile::~StatsFile() { ::close(fd_); }

void StatsFile::append(const nlohmann::ordered_json& line) {
  unwritten_ += line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  flush();
}

void StatsFile::flush() {
  if (unwritten_.empty()) return;
  struct stat before = {};
  if (::fstat(fd_, &before) != 0) throw_io_error("write", path_, errno);
  const ssize_t n = ::write(fd_, unwritten_.data(), unwritten_.size());
  if (n < 0) throw_io_error("write", path_, errno);
  if (static_cast<size_t>(n) < unwritten_.size()) {
    // If this fails too, the incomplete line is removed when the file is opened next.
    [[maybe_unused]] const int ignored = ::ftruncate(fd_, before.st_size);
    throw_io_error("write", path_, ENOSPC);
  }
  unwritten_.clear();
}

void StatsFile::sync() {
  flush();
  // Pipes and devices cannot be synced.
  if (::fsync(fd_) != 0 && errno != EINVAL) throw_io_error("write", path_, errno);
}

std::vector<std::string> read_stats(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  if (!std::filesystem::exists(path)) return lines;
  std::ifstream in(path, std::ios::binary);
  if (!in) throw_io_error("read", path, errno);
  // An incomplete last line ends at eof and is skipped.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    if (parsed(line).is_object()) lines.push_back(std::move(line));
  }
  if (in.bad()) throw_io_error("read", path, EIO);
  return lines;
}

void cut_stats(const std::filesystem::path& path, double last_kimg) {
  if (!std::filesystem::exists(path)) return;
  AtomicFile file(path);
  for (const std::string& line : read_stats(path)) {
    if (!is_after(line, last_kimg)) file.write(line + "\n");
  }
  file.commit();
}

}  // namespace pg
