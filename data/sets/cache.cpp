// cache.cpp: one data set folder for each (source, options).
#include "data/sets/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "data/files/file_handle.h"
#include "data/files/name_hash.h"
#include "data/images/resolutions.h"
#include "data/sets/cache_list.h"
#include "data/sources/dataset_json.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Held by one process at a time while a data set is looked up or built. It only saves the others
// the work: builds never disturb each other. So where the file system has no locks, or something
// else has the name of the lock file, the program continues without one.
class CacheLock {
 public:
  CacheLock(const fs::path& file, const std::function<void()>& waiting)
      : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666)) {
    const bool odd = errno == ELOOP || errno == EISDIR || errno == ENXIO;
    if (!file_ && !odd) fail(file.parent_path(), errno);
    if (!file_) return;
    ::futimens(file_.get(), nullptr);  // the time of the last use; errors are ignored
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    if (waiting) waiting();
    while (::flock(file_.get(), LOCK_EX) != 0 && errno == EINTR) {
    }
  }

  [[noreturn]] static void fail(const fs::path& folder, int error) {
    throw IoError(message("cannot write the data set cache ", folder.string(), ": ",
                          std::generic_category().message(error),
                          "; choose another folder with data.cache_folder"));
  }

 private:
  FileHandle file_;
};

// Incremented when the same images yield other pixels or classes.
constexpr int64_t kReading = 3;

std::string absolute_name(const std::string& where) {
  return where.starts_with("builtin:") ? where : fs::weakly_canonical(where).string();
}

// Identifies the data set of a source and options. Options left open mean the same data set as
// their values: a resumed run, which knows them, finds the one it started with.
std::string cache_key(const std::string& name, const ImageSource& source,
                      const BuildOptions& options) {
  const int64_t channels = options.channels == 0 ? source.default_channels() : options.channels;
  const Fit fit = options.fit == Fit::automatic ? source.default_fit() : options.fit;
  NameHash hash;
  hash.add(kDatasetVersion);
  hash.add(kReading);
  hash.add(name);
  hash.add(options.resolution);
  hash.add(channels);
  hash.add(name_of(fit));
  // Names of older caches stay valid.
  if (options.background != Background{}) hash.add(text_of(options.background));
  if (options.range != ValueRange{}) hash.add("range " + text_of(options.range));
  return hash.hex();
}

// Beside a cached data set in which damage was found.
fs::path damage_mark(const fs::path& folder) { return fs::path(folder) += ".damaged"; }

// The cached data set if it matches the present source; none if it is damaged.
std::optional<Dataset> find_cached(const fs::path& folder, const ImageSource& source,
                                   const OpenOptions& options) {
  try {
    std::error_code ignored;
    if (!is_dataset_folder(folder) || fs::exists(damage_mark(folder), ignored)) return std::nullopt;
    Dataset dataset(folder, Origin::cached);
    const Manifest& m = dataset.manifest();
    // Programs of other versions may find other classes in the same files.
    if (m.fingerprint != source.fingerprint() || m.label_names != source.label_names()) {
      return std::nullopt;
    }
    if (options.verify) {  // it is going to be used
      dataset.hold(mark_in_use(folder));
      options.verify(dataset);
    }
    return dataset;
  } catch (const FormatError& error) {  // falls through to a new build
    if (options.damaged) options.damaged(error.what());
  } catch (const IoError& error) {
    if (options.damaged) options.damaged(error.what());
  }
  return std::nullopt;
}

// A cached data set of another key from which the requested levels are the same: with a resolution
// left open, or a larger one.
std::optional<Dataset> find_larger(const fs::path& root, const std::string& name,
                                   const ImageSource& source, const OpenOptions& options) {
  if (options.build.resolution == 0) return std::nullopt;
  BuildOptions other = options.build;
  std::vector<int64_t> resolutions = {0};
  for (int64_t r = 2 * other.resolution; r <= kMaxResolution; r *= 2) resolutions.push_back(r);
  for (const int64_t resolution : resolutions) {
    other.resolution = resolution;
    const fs::path folder = root / cache_key(name, source, other);
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) continue;
    std::optional<Dataset> found = find_cached(folder, source, {});
    if (!found || found->max_resolution() < options.build.resolution) continue;
    const bool same =
        found->max_resolution() == options.build.resolution || found->manifest().halves;
    if (same) found = find_cached(folder, source, options);  // verified
    if (same && found) return found;
  }
  return std::nullopt;
}

Dataset open_built(const fs::path& folder, const BuildOptions& options) {
  Dataset dataset(folder);
  PG_CHECK(options.resolution <= dataset.max_resolution(), UsageError, "the data set ",
           folder.string(), " has images up to ", dataset.max_resolution(), "x",
           dataset.max_resolution(), ", less than the requested resolution ", options.resolution,
           "; build it again from the raw images");
  PG_CHECK(options.channels == 0 || options.channels == dataset.channels(), UsageError,
           "the data set ", folder.string(), " has ", dataset.channels(),
           " channels, not the requested ", options.channels,
           "; build it again from the raw images");
  return dataset;
}

}  // namespace

fs::path cache_root(const OpenOptions& options) {
  if (!options.cache_folder.empty()) return fs::absolute(options.cache_folder);
  const std::string xdg = environment("XDG_CACHE_HOME"), home = environment("HOME");
  PG_CHECK(!xdg.empty() || !home.empty(), UsageError,
           "no folder for built data sets: neither XDG_CACHE_HOME nor HOME is set; choose one with "
           "data.cache_folder");
  return (xdg.empty() ? fs::path(home) / ".cache" : fs::path(xdg)) / "progan_cuda";
}

void forget_cached(const Dataset& dataset) {
  PG_ASSERT(dataset.origin() == Origin::cached);
  // Without the mark, the next start finds the damage.
  const fs::path mark = damage_mark(dataset.folder());
  FileHandle(::open(mark.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
}

std::optional<Dataset> find_built(const std::string& where, const OpenOptions& options) {
  if (is_dataset_folder(where)) return open_built(where, options.build);
  const std::unique_ptr<ImageSource> source = open_source(where);
  const std::string name = absolute_name(where);
  const fs::path root = cache_root(options);
  std::optional<Dataset> found =
      find_cached(root / cache_key(name, *source, options.build), *source, {});
  OpenOptions unverified;
  unverified.build = options.build;
  return found ? std::move(found) : find_larger(root, name, *source, unverified);
}

namespace {

Dataset build_cached(const ImageSource& source, const std::string& where, const fs::path& folder,
                     const OpenOptions& options) {
  BuildOptions build = options.build;
  build.existing = Existing::cached;
  const BuildReport report = build_dataset(source, where, folder, build);
  std::error_code ignored;
  fs::remove(damage_mark(folder), ignored);
  if (options.built) options.built(report);
  Dataset dataset(folder, Origin::cached);
  dataset.hold(mark_in_use(folder));
  if (options.verify) options.verify(dataset);
  return dataset;
}

}  // namespace

Dataset open_or_build(const std::string& where, const OpenOptions& options) {
  if (is_dataset_folder(where)) {
    Dataset dataset = open_built(where, options.build);
    if (options.verify) options.verify(dataset);
    return dataset;
  }
  const std::unique_ptr<ImageSource> source = open_source(where);
  if (options.opened) options.opened(*source);
  const std::string name = absolute_name(where);
  const fs::path root = cache_root(options);
  const fs::path folder = root / cache_key(name, *source, options.build);

  std::error_code error;
  fs::create_directories(root, error);
  if (error) CacheLock::fail(root, error.value());
  const CacheLock lock(fs::path(folder) += ".lock", options.waiting);
  if (std::optional<Dataset> found = find_cached(folder, *source, options)) {
    return std::move(*found);
  }
  if (std::optional<Dataset> found = find_larger(root, name, *source, options)) {
    return std::move(*found);
  }
  try {
    return build_cached(*source, where, folder, options);
  } catch (const ImagesChangedError&) {  // once more, from the files as they are now
    return build_cached(*open_source(where), where, folder, options);
  }
}

}  // namespace pg
