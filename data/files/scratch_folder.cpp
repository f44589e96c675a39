// scratch_folder.cpp: making, recognising and removing scratch folders, relative to open folders.
#include "data/files/scratch_folder.h"

#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <mutex>
#include <set>
#include <tuple>

#include "data/files/hex.h"
#include "data/files/io_error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = ".progan_cuda-";
constexpr size_t kRandomDigits = 32;
constexpr const char* kSignature = "signature";
constexpr const char* kName = "name";

std::string random_name() {
  uint64_t words[2] = {};
  if (::getrandom(words, sizeof words, 0) != static_cast<ssize_t>(sizeof words)) {
    throw_io_error("read", "random numbers of the system", errno);
  }
  return std::string(kPrefix) + hex_digits(words[0], 16) + hex_digits(words[1], 16);
}

bool is_scratch_name(std::string_view name) {
  return name.size() == kPrefix.size() + kRandomDigits && name.starts_with(kPrefix) &&
         name.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

std::string signature_of(const std::string& name) {
  return "This is a temporary folder of progan_cuda, " + name + ".\n";
}

struct stat status_at(int folder, const char* name) {
  struct stat status = {};
  if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) status.st_mode = 0;
  return status;
}

bool is_linked(int folder, const char* name, int fd) {
  struct stat open = {};
  if (::fstat(fd, &open) != 0) return false;
  const struct stat there = status_at(folder, name);
  return there.st_mode != 0 && there.st_dev == open.st_dev && there.st_ino == open.st_ino;
}

// At most `most` bytes of a small file.
std::string text_of(int fd, size_t most) {
  std::string text(most, '\0');
  const ssize_t got = ::pread(fd, text.data(), most, 0);
  text.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return text;
}

// Whether a sub-folder holds only regular files of a data set.
bool is_set_folder(int folder, const char* name) {
  const FileHandle inside = open_folder_at(folder, name);
  const auto names = inside ? names_in(inside.get()) : std::nullopt;
  if (!names) return false;
  for (const std::string& file : *names) {
    if (!is_set_file_name(file)) return false;
    if (!S_ISREG(status_at(inside.get(), file.c_str()).st_mode)) return false;
  }
  return true;
}

bool is_small_file(std::string_view name) {
  constexpr std::string_view kStart = "file-";
  return name.starts_with(kStart) && name.size() > kStart.size() &&
         name.find_first_not_of("0123456789", kStart.size()) == std::string_view::npos;
}

bool is_expected(int folder, const std::string& name) {
  if (name == "set" || name == "former") return is_set_folder(folder, name.c_str());
  const bool ours = name == kSignature || name == "content" || name == kName || is_small_file(name);
  return ours && S_ISREG(status_at(folder, name.c_str()).st_mode);
}

void remove_set_folder(int folder, const char* name) {
  const FileHandle inside = open_folder_at(folder, name);
  const auto names = inside ? names_in(inside.get()) : std::nullopt;
  if (!names) return;
  for (const std::string& file : *names) {
    if (is_set_file_name(file)) ::unlinkat(inside.get(), file.c_str(), 0);
  }
  ::unlinkat(folder, name, AT_REMOVEDIR);
}

// Whether `former` may be removed: its successor has left this folder and taken the name. Else it
// is moved back if the name is free, or kept if the name is taken by something else.
bool settle_former(int parent, int folder) {
  if (status_at(folder, "former").st_mode == 0) return true;
  if (status_at(folder, "set").st_mode == 0) return true;
  const FileHandle file(::openat(folder, kName, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  const std::string name = file ? text_of(file.get(), NAME_MAX + 1) : "";
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..") {
    return false;
  }
  if (status_at(parent, name.c_str()).st_mode != 0) return false;
  return ::renameat(folder, "former", parent, name.c_str()) == 0;
}

// Removes everything, entry by entry, if every entry is one that this program makes. The signature
// goes last, so that a program killed in between leaves a folder that is still recognised.
void clear(int parent, const std::string& name, int folder) {
  const auto names = names_in(folder);
  if (!names) return;
  for (const std::string& entry : *names) {
    if (!is_expected(folder, entry)) return;
  }
  if (!settle_former(parent, folder)) return;
  remove_set_folder(folder, "former");
  remove_set_folder(folder, "set");
  ::unlinkat(folder, "content", 0);
  ::unlinkat(folder, kName, 0);
  for (const std::string& entry : *names) {
    if (is_small_file(entry)) ::unlinkat(folder, entry.c_str(), 0);
  }
  if (names_in(folder) != std::vector<std::string>{kSignature}) return;
  ::unlinkat(folder, kSignature, 0);
  ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
}

void sweep_one(int parent, const std::string& name) {
  const FileHandle folder = open_folder_at(parent, name.c_str());
  if (!folder) return;
  const FileHandle signature(
      ::openat(folder.get(), kSignature, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!signature) {
    // Killed before it had a signature: such a folder is empty, and only then removed.
    if (errno == ENOENT) ::unlinkat(parent, name.c_str(), AT_REMOVEDIR);
    return;
  }
  struct stat status = {};
  if (::fstat(signature.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (::flock(signature.get(), LOCK_EX | LOCK_NB) != 0) return;  // in use, or no locks here
  if (!is_linked(folder.get(), kSignature, signature.get())) return;
  const std::string expected = signature_of(name);
  const std::string text = text_of(signature.get(), expected.size() + 1);
  if (text != expected) {
    // Killed while it was written: nothing else is in the folder yet.
    if (!expected.starts_with(text)) return;
    if (names_in(folder.get()) != std::vector<std::string>{kSignature}) return;
  }
  clear(parent, name, folder.get());
}

// Listing a folder of many images for each new one would take quadratic time. Another folder may
// have the inode of a removed one, so the path counts as well.
void sweep_once(int parent, const fs::path& folder) {
  static std::mutex mutex;
  static std::set<std::tuple<dev_t, ino_t, fs::path>> swept;
  struct stat status = {};
  if (::fstat(parent, &status) != 0) return;
  {
    const std::lock_guard lock(mutex);
    if (!swept.emplace(status.st_dev, status.st_ino, folder).second) return;
  }
  sweep_scratch_folders(folder);
}

void write_small(int fd, const std::string& text, const fs::path& target) {
  const ssize_t done = ::pwrite(fd, text.data(), text.size(), 0);
  if (done != static_cast<ssize_t>(text.size())) {
    throw_io_error("write", target, done < 0 ? errno : ENOSPC);
  }
}

}  // namespace

ScratchFolder::ScratchFolder(const fs::path& target)
    : parent_(::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!parent_) throw_io_error("write", target, errno);
  sweep_once(parent_.get(), folder_of(target));
  // A sweep of another program may remove a folder that has no signature yet.
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    if (create(target)) return;
  }
  throw_io_error("write", target, EBUSY);
}

// False if a sweep removed the new folder in the meantime.
bool ScratchFolder::create(const fs::path& target) {
  const std::string name = random_name();
  if (::mkdirat(parent_.get(), name.c_str(), 0700) != 0) {
    if (errno == EEXIST) return false;
    throw_io_error("write", target, errno);
  }
  path_ = folder_of(target) / name;
  folder_ = open_folder_at(parent_.get(), name.c_str());
  if (!folder_) return false;
  signature_ = FileHandle(::openat(folder_.get(), kSignature,
                                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!signature_) {
    const int error = errno;
    if (error == ENOENT) return false;
    ::unlinkat(parent_.get(), name.c_str(), AT_REMOVEDIR);
    throw_io_error("write", target, error);
  }
  // Without locks, nothing is ever swept in this folder.
  if (::flock(signature_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  if (!is_linked(folder_.get(), kSignature, signature_.get())) return false;
  try {
    write_small(signature_.get(), signature_of(name), target);
  } catch (...) {
    clear(parent_.get(), name, folder_.get());
    throw;
  }
  return true;
}

ScratchFolder::~ScratchFolder() { clear(parent_.get(), path_.filename().string(), folder_.get()); }

void ScratchFolder::will_move(const std::string& name) const {
  const FileHandle file(
      ::openat(folder_.get(), kName, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) throw_io_error("write", path_ / kName, errno);
  write_small(file.get(), name, path_ / kName);
  if (::fsync(file.get()) != 0) throw_io_error("write", path_ / kName, errno);
  sync();
}

void ScratchFolder::sync() const {
  ::fsync(signature_.get());
  ::fsync(folder_.get());
  ::fsync(parent_.get());
}

void sweep_scratch_folders(const fs::path& folder) noexcept {
  try {
    const FileHandle parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto names = parent ? names_in(parent.get()) : std::nullopt;
    if (!names) return;
    for (const std::string& name : *names) {
      if (is_scratch_name(name)) sweep_one(parent.get(), name);
    }
  } catch (const std::exception&) {  // a leftover costs only its space
  }
}

bool is_set_file_name(std::string_view name) {
  if (name == "dataset.json" || name == "labels.npy") return true;
  const bool level = name.size() == 9 && name.starts_with("r") && name.ends_with(".npy");
  return level && name.find_first_not_of("0123456789", 1) == 5;
}

}  // namespace pg
