// cache_list.cpp: lists and removes cached data sets.
#include "data/sets/cache_list.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "data/files/scratch_folder.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr const char *kLock = ".lock", *kUse = ".use", *kDamaged = ".damaged";

bool is_key(std::string_view name) {
  return name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

fs::path beside(const fs::path& folder, const char* ending) { return fs::path(folder) += ending; }

FileHandle open_lock(const fs::path& file, int flags) {
  return FileHandle(::open(file.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
}

// The names in a folder of a set; none if there is anything else.
std::optional<std::vector<std::string>> set_files(int folder) {
  std::optional<std::vector<std::string>> names = names_in(folder);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    struct stat status = {};
    const bool ours = is_set_file_name(name) &&
                      ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                      S_ISREG(status.st_mode);
    if (!ours) return std::nullopt;
  }
  return names;
}

std::optional<CachedSet> look_at(const fs::path& path) {
  const FileHandle folder = open_folder_at(AT_FDCWD, path.c_str());
  const auto files = folder ? set_files(folder.get()) : std::nullopt;
  if (!files) return std::nullopt;
  CachedSet set;
  set.folder = path;
  struct stat status = {};
  for (const std::string& file : *files) {
    if (::fstatat(folder.get(), file.c_str(), &status, 0) == 0) set.bytes += status.st_size;
  }
  const bool locked = ::stat(beside(path, kLock).c_str(), &status) == 0;
  if (locked || ::fstat(folder.get(), &status) == 0) set.last_use = status.st_mtim.tv_sec;
  try {
    set.manifest = read_manifest(path);
  } catch (const Error&) {
  }
  return set;
}

// Locked alone; an empty handle if another program has it.
std::optional<FileHandle> lock_alone(const fs::path& file) {
  FileHandle handle = open_lock(file, O_RDWR | O_CREAT);
  if (!handle) return std::nullopt;
  if (::flock(handle.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return std::nullopt;
  return handle;
}

}  // namespace

std::vector<CachedSet> cached_sets(const fs::path& root) {
  std::vector<CachedSet> sets;
  std::error_code error;
  fs::directory_iterator entry(root, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (!is_key(entry->path().filename().string())) continue;
    if (std::optional<CachedSet> set = look_at(entry->path())) sets.push_back(std::move(*set));
  }
  std::sort(sets.begin(), sets.end(), [](const CachedSet& a, const CachedSet& b) {
    return std::pair(a.last_use, a.folder) < std::pair(b.last_use, b.folder);
  });
  return sets;
}

Cleared clear_cached(const CachedSet& set) {
  const auto building = lock_alone(beside(set.folder, kLock));
  const auto reading = building ? lock_alone(beside(set.folder, kUse)) : std::nullopt;
  if (!reading) return Cleared::in_use;
  const FileHandle folder = open_folder_at(AT_FDCWD, set.folder.c_str());
  const auto files = folder ? set_files(folder.get()) : std::nullopt;  // now that it is locked
  if (!files) return Cleared::failed;
  for (const std::string& file : *files) ::unlinkat(folder.get(), file.c_str(), 0);
  if (::rmdir(set.folder.c_str()) != 0) return Cleared::failed;
  for (const char* ending : {kDamaged, kUse, kLock}) ::unlink(beside(set.folder, ending).c_str());
  return Cleared::yes;
}

std::shared_ptr<FileHandle> mark_in_use(const fs::path& folder) {
  auto handle = std::make_shared<FileHandle>(open_lock(beside(folder, kUse), O_RDWR | O_CREAT));
  if (*handle) ::flock(handle->get(), LOCK_SH | LOCK_NB);
  return handle;
}

}  // namespace pg
