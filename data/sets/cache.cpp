// cache.cpp: one data set folder for each (source, options).
#include "data/sets/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "data/files/name_hash.h"
#include "data/sources/label_file.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Held by one process at a time while a data set is looked up or built.
class CacheLock {
 public:
  explicit CacheLock(const fs::path& file)
      : fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail(file.parent_path(), errno);
    while (::flock(fd_, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      ::close(fd_);
      fail(file.parent_path(), error);
    }
  }
  ~CacheLock() { ::close(fd_); }
  CacheLock(const CacheLock&) = delete;
  CacheLock& operator=(const CacheLock&) = delete;

  [[noreturn]] static void fail(const fs::path& folder, int error) {
    throw IoError(message("cannot write the data set cache ", folder.string(), ": ",
                          std::generic_category().message(error),
                          "; choose another folder with data.cache_folder"));
  }

 private:
  int fd_;
};

// Incremented when the same images yield other pixels or classes.
constexpr int64_t kReading = 2;

std::string absolute_name(const std::string& where) {
  return where.starts_with("builtin:") ? where : fs::weakly_canonical(where).string();
}

// Identifies the data set of a source and options.
std::string cache_key(const std::string& name, const BuildOptions& options) {
  NameHash hash;
  hash.add(kDatasetVersion);
  hash.add(kReading);
  hash.add(name);
  hash.add(options.resolution);
  hash.add(options.channels);
  hash.add(name_of(options.fit));
  return hash.hex();
}

// The cached data set if it matches the present source; none if it is damaged.
std::optional<Dataset> find_cached(const fs::path& folder, const ImageSource& source) {
  if (!is_dataset_folder(folder)) return std::nullopt;
  try {
    Dataset dataset(folder);
    if (dataset.manifest().fingerprint == source.fingerprint()) return dataset;
  } catch (const FormatError&) {  // falls through to a new build
  } catch (const IoError&) {
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

std::optional<Dataset> find_built(const std::string& where, const OpenOptions& options) {
  if (is_dataset_folder(where)) return open_built(where, options.build);
  const std::unique_ptr<ImageSource> source = open_source(where);
  return find_cached(cache_root(options) / cache_key(absolute_name(where), options.build), *source);
}

Dataset open_or_build(const std::string& where, const OpenOptions& options) {
  if (is_dataset_folder(where)) return open_built(where, options.build);
  const std::unique_ptr<ImageSource> source = open_source(where);
  const std::string name = absolute_name(where);
  const fs::path root = cache_root(options);
  const fs::path folder = root / cache_key(name, options.build);

  std::error_code error;
  fs::create_directories(root, error);
  if (error) CacheLock::fail(root, error.value());
  const CacheLock lock(fs::path(folder) += ".lock");
  if (std::optional<Dataset> found = find_cached(folder, *source)) return std::move(*found);

  BuildOptions build = options.build;
  build.existing = Existing::replace;
  const BuildReport report = build_dataset(*source, name, folder, build);
  if (options.built) options.built(report);
  return Dataset(folder);
}

}  // namespace pg
