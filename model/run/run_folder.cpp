// run_folder.cpp: names and numbers of run folders and their files.
#include "model/run/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "data/files/atomic_file.h"
#include "data/files/io_error.h"
#include "kernels/error.h"

namespace pg {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCheckpoint = "checkpoint-";
constexpr std::string_view kCheckpointEnd = ".safetensors";
constexpr std::string_view kDigits = "0123456789";
constexpr size_t kMaxDigits = 15;

std::string padded(int64_t n, size_t width) {
  const std::string digits = std::to_string(n);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

// `text` as a number, if it is digits only.
std::optional<int64_t> number_in(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  if (text.find_first_not_of(kDigits) != std::string_view::npos) return std::nullopt;
  return std::stoll(std::string(text));
}

// The number of a run folder NUMBER-NAME.
std::optional<int64_t> run_number(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const size_t dash = name.find('-');
  if (dash == std::string::npos) return std::nullopt;
  return number_in(std::string_view(name).substr(0, dash));
}

std::optional<int64_t> checkpoint_number(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.starts_with(kCheckpoint) || !name.ends_with(kCheckpointEnd)) return std::nullopt;
  if (name.size() <= kCheckpoint.size() + kCheckpointEnd.size()) return std::nullopt;
  return number_in(std::string_view(name).substr(
      kCheckpoint.size(), name.size() - kCheckpoint.size() - kCheckpointEnd.size()));
}

// The entries of `folder` that have a number, sorted by it; none if the folder does not exist.
template <typename NumberOf>
std::vector<fs::path> numbered(const fs::path& folder, NumberOf number_of) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (const auto number = number_of(it->path())) found.emplace_back(*number, it->path());
  }
  if (error && error.value() != ENOENT) throw_io_error("read", folder, error.value());
  std::sort(found.begin(), found.end());
  std::vector<fs::path> paths;
  for (auto& entry : found) paths.push_back(std::move(entry.second));
  return paths;
}

[[noreturn]] void throw_cannot_create(const fs::path& out, int error) {
  throw IoError(message("cannot create a run folder in ", out.string(), ": ",
                        std::generic_category().message(error),
                        "; choose a writable folder (train.out)"));
}

void make_out_folder(const fs::path& out) {
  std::error_code error;
  fs::create_directories(out, error);
  if (!error && !fs::is_directory(out)) error = std::make_error_code(std::errc::not_a_directory);
  if (error) throw_cannot_create(out, error.value());
}

// Opens a folder for locking. Closing the descriptor releases the lock.
int open_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw_io_error("open", folder, errno);
  return fd;
}

// Keeps letters, digits, '_' and '.'; everything between them becomes one '-'.
std::string slug(std::string_view text) {
  constexpr size_t kMaxLength = 40;
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_' || c == '.';
    if (plain && result.size() < kMaxLength) result += c;
    if (!plain && !result.empty() && result.back() != '-') result += '-';
  }
  result.erase(result.find_last_not_of("-.") + 1);
  return result.empty() ? "data" : result;
}

std::string run_name(const Config& config, std::string_view data_name) {
  if (!config.train.name.empty()) return slug(config.train.name);
  return message(data_name, "-", config.train.preset, "-", config.model.resolution);
}

}  // namespace

RunFolder RunFolder::create(const Config& config, std::string_view data_name) {
  const fs::path out = config.train.out;
  make_out_folder(out);
  const int lock = open_folder(out);
  // Two programs started together must not take the same number. On file systems without locks,
  // mkdir still keeps equal names apart.
  ::flock(lock, LOCK_EX);
  const std::vector<RunFolder> runs = runs_in(out);
  int64_t number = runs.empty() ? 0 : *run_number(runs.back().path()) + 1;
  fs::path path;
  int error = EEXIST;
  for (; error == EEXIST; ++number) {
    path = out / (padded(number, 5) + "-" + run_name(config, data_name));
    error = ::mkdir(path.c_str(), 0777) == 0 ? 0 : errno;
  }
  ::close(lock);
  if (error != 0) throw_cannot_create(out, error);
  RunFolder run(path);
  run.write_config(config);
  return run;
}

fs::path RunFolder::fakes_image(int64_t images_shown) const {
  return path_ / message("fakes", padded(images_shown / 1000, 6), ".png");
}

fs::path RunFolder::checkpoint_file(int64_t images_shown) const {
  return path_ / message(kCheckpoint, padded(images_shown / 1000, 6), kCheckpointEnd);
}

fs::path RunFolder::finished_checkpoint(int64_t resolution) const {
  return path_ / message("finished-", resolution, "x", resolution, kCheckpointEnd);
}

std::vector<fs::path> RunFolder::checkpoints() const { return numbered(path_, checkpoint_number); }

void RunFolder::write_config(const Config& config) const {
  write_file_atomically(config_file(), to_toml(config));
}

int64_t RunFolder::prune_checkpoints(int64_t keep, const fs::path& written) const {
  if (keep == 0) return 0;
  const std::vector<fs::path> all = checkpoints();
  int64_t left = static_cast<int64_t>(all.size()), removed = 0;
  for (const fs::path& checkpoint : all) {
    if (left <= keep) break;
    if (checkpoint.filename() == written.filename()) continue;
    if (::unlink(checkpoint.c_str()) != 0) throw_io_error("remove", checkpoint, errno);
    --left;
    ++removed;
  }
  return removed;
}

void RunFolder::remove_leftovers() const {
  for (const auto& entry : fs::directory_iterator(path_)) {
    const bool temporary = entry.path().filename().string().find(".tmp-") != std::string::npos;
    if (temporary && entry.is_regular_file() && ::unlink(entry.path().c_str()) != 0) {
      throw_io_error("remove", entry.path(), errno);
    }
  }
}

RunLock::RunLock(const RunFolder& run) : fd_(open_folder(run.path())) {
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(std::exchange(fd_, -1));
  throw UsageError(message("run '", run.path().string(),
                           "' is being trained by another process; stop that process first"));
}

RunLock::~RunLock() {
  if (fd_ >= 0) ::close(fd_);
}

std::vector<RunFolder> runs_in(const fs::path& out) {
  std::vector<RunFolder> runs;
  for (fs::path& path : numbered(out, run_number)) {
    if (fs::is_directory(path)) runs.emplace_back(std::move(path));
  }
  return runs;
}

std::optional<RunFolder> find_run(const std::string& argument, const fs::path& out) {
  if (fs::is_directory(argument)) return RunFolder(argument);
  if (fs::is_directory(out / argument)) return RunFolder(out / argument);
  const auto wanted = number_in(argument);
  for (const RunFolder& run : runs_in(out)) {
    if (wanted && run_number(run.path()) == wanted) return run;
  }
  return std::nullopt;
}

std::string data_slug(std::string_view source) {
  while (source.size() > 1 && source.ends_with('/')) source.remove_suffix(1);
  fs::path name = fs::path(source).filename();
  for (const char* ending : {".gz", ".zip", ".bin", ".tfrecords", ".lmdb"}) {
    if (name.extension() == ending) name.replace_extension();
  }
  return slug(name.string());
}

}  // namespace pg
