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
#include "data/files/new_folders.h"
#include "data/files/scratch_folder.h"
#include "data/files/utf8.h"
#include "kernels/error.h"
#include "model/config/config_names.h"
#include "model/run/append_file.h"

namespace pg {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCheckpoint = "checkpoint-";
constexpr std::string_view kCheckpointEnd = ".safetensors";
constexpr std::string_view kFakes = "fakes", kFakesEnd = ".png";
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

// 1500 -> "000001.500", 160000 -> "000160".
std::string thousands(int64_t images) {
  const std::string whole = padded(images / 1000, 6);
  return images % 1000 == 0 ? whole : whole + "." + padded(images % 1000, 3);
}

// The images in a name START + thousands() + END.
std::optional<int64_t> images_in_name(const fs::path& file, std::string_view start,
                                      std::string_view end) {
  const std::string name = file.filename().string();
  if (!name.starts_with(start) || !name.ends_with(end)) return std::nullopt;
  if (name.size() < start.size() + end.size()) return std::nullopt;
  std::string_view text = name;
  text = text.substr(start.size(), name.size() - start.size() - end.size());
  const size_t dot = text.find('.');
  const auto whole = number_in(text.substr(0, dot));
  if (!whole || dot == std::string_view::npos) return whole ? std::optional(*whole * 1000) : whole;
  const std::string_view rest = text.substr(dot + 1);
  const auto part = number_in(rest);
  return part && rest.size() == 3 ? std::optional(*whole * 1000 + *part) : std::nullopt;
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
                        "; choose a writable folder with --out"));
}

void make_out_folder(const fs::path& out) {
  if (const std::string link = dangling_link(out); !link.empty()) throw IoError(link);
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

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Of the characters of ASCII letters, digits, '_' and '.'; of the others, which have letters of all
// scripts, all that are displayed and are no space.
bool is_plain(const Utf8Character& c) {
  if (c.code < 0x80) {
    return (c.code >= '0' && c.code <= '9') || (c.code >= 'a' && c.code <= 'z') ||
           (c.code >= 'A' && c.code <= 'Z') || c.code == '_' || c.code == '.';
  }
  const bool space = c.code == 0xa0 || c.code == 0x1680 || c.code == 0x3000 ||
                     (c.code >= 0x2000 && c.code <= 0x206f);
  return c.valid && is_displayable(c.code) && !space;
}

// Keeps plain characters, at most 40 bytes; everything between them becomes one '-'.
std::string slug(std::string_view text) {
  constexpr size_t kMaxLength = 40;
  std::string result;
  bool full = false;
  while (!text.empty() && !full) {
    const Utf8Character c = first_character(text);
    if (is_plain(c)) {
      full = result.size() + c.bytes > kMaxLength;
      if (!full) result += text.substr(0, c.bytes);
    } else if (!result.empty() && result.back() != '-') {
      result += '-';
    }
    text.remove_prefix(c.bytes);
  }
  result.erase(result.find_last_not_of("-.") + 1);
  return result.empty() ? "data" : result;
}

std::string run_name(const Config& config, std::string_view data_name) {
  if (!config.train.name.empty()) return slug(config.train.name);
  const TrainConfig& t = config.train;
  const std::string how = t.recipe == Recipe::official ? t.preset : std::string(name_of(t.recipe));
  return message(data_name, "-", how, "-", config.model.resolution);
}

}  // namespace

void check_folder_of_runs(const fs::path& out) {
  if (const std::string link = dangling_link(out); !link.empty()) throw IoError(link);
  std::error_code error;
  fs::path at = fs::absolute(out).lexically_normal();
  while (at.has_relative_path() && !fs::exists(at, error)) at = at.parent_path();
  if (!fs::is_directory(at, error)) throw_cannot_create(out, ENOTDIR);
  if (::access(at.c_str(), W_OK | X_OK) != 0) throw_cannot_create(out, errno);
}

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
  try {
    run.write_config(config);
  } catch (...) {
    ::rmdir(path.c_str());  // a run without a configuration would only take a number
    throw;
  }
  return run;
}

RunFolder::RunFolder(fs::path path) : place_(std::make_shared<Place>()) {
  place_->path = std::move(path);
}

bool RunFolder::follow() const {
  struct stat held = {}, named = {};
  if (place_->fd < 0 || ::fstat(place_->fd, &held) != 0) return false;
  const bool exists = ::stat(path().c_str(), &named) == 0;
  if (exists && same_file(held, named)) return false;
  // A path that cannot be examined at the moment may well be right.
  if (!exists && errno != ENOENT && errno != ENOTDIR) return false;
  std::error_code error;
  const fs::path now = fs::read_symlink(message("/proc/self/fd/", place_->fd), error);
  if (error || ::stat(now.c_str(), &named) != 0 || !same_file(held, named)) {
    throw RunFolderLost(message("the run folder '", path().string(),
                                "' was deleted while training, with its checkpoints; start a new "
                                "run, or restore the folder and resume"));
  }
  place_->path = now;
  return true;
}

fs::path RunFolder::fakes_image(int64_t images_shown) const {
  return path() / message(kFakes, thousands(images_shown), kFakesEnd);
}

fs::path RunFolder::checkpoint_file(int64_t images_shown) const {
  return path() / message(kCheckpoint, thousands(images_shown), kCheckpointEnd);
}

fs::path RunFolder::finished_checkpoint(int64_t resolution) const {
  return path() / message("finished-", resolution, "x", resolution, kCheckpointEnd);
}

std::optional<int64_t> RunFolder::checkpoint_images(const fs::path& file) {
  return images_in_name(file, kCheckpoint, kCheckpointEnd);
}

std::optional<int64_t> RunFolder::fakes_images(const fs::path& file) {
  return images_in_name(file, kFakes, kFakesEnd);
}

std::vector<fs::path> RunFolder::checkpoints() const {
  return numbered(path(), [](const fs::path& file) { return checkpoint_images(file); });
}

std::vector<fs::path> RunFolder::fakes_images() const {
  return numbered(path(), [](const fs::path& file) { return fakes_images(file); });
}

std::vector<fs::path> RunFolder::all_checkpoints() const {
  std::vector<fs::path> all = {latest_checkpoint()};
  for (fs::path& path : checkpoints()) all.push_back(std::move(path));
  all.push_back(best_checkpoint());
  for (int64_t resolution = 4; resolution <= 1024; resolution *= 2) {
    all.push_back(finished_checkpoint(resolution));
  }
  std::erase_if(all, [](const fs::path& path) {
    return fs::symlink_status(path).type() == fs::file_type::not_found;
  });
  return all;
}

void RunFolder::check_names() const {
  for (const fs::path& file : {config_file(), log_file(), stats_file(), reals_image()}) {
    check_regular(file);
  }
  for (const fs::path& file : all_checkpoints()) check_regular(file);
}

void RunFolder::write_config(const Config& config) const {
  write_file_atomically(config_file(), to_toml(config));
}

void RunFolder::remove_leftovers() const { sweep_scratch_folders(path()); }

// Locks the folder that has this path in the end: it may be renamed before it is locked.
RunLock::RunLock(const RunFolder& run) : run_(run) {
  for (;;) {
    const int fd = open_folder(run.path());
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(fd);
      throw UsageError(message("run '", run.path().string(),
                               "' is being trained by another process; stop that process first"));
    }
    struct stat locked = {}, named = {};
    if (::fstat(fd, &locked) != 0 || ::stat(run.path().c_str(), &named) != 0 ||
        same_file(locked, named)) {
      run_.place_->fd = fd;
      return;
    }
    ::close(fd);
  }
}

RunLock::~RunLock() { ::close(std::exchange(run_.place_->fd, -1)); }

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
  std::error_code error;
  if (name == "." || name == "..") name = fs::weakly_canonical(source, error).filename();
  for (const char* ending : {".gz", ".zip", ".bin", ".tfrecords", ".lmdb"}) {
    if (name.extension() == ending) name.replace_extension();
  }
  return slug(name.string());
}

}  // namespace pg
