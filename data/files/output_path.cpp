// output_path.cpp: following links, checking what is there, and replacing it without a race.
#include "data/files/output_path.h"

#include <cerrno>
#include <utility>

#include "data/files/io_error.h"
#include "data/files/rename.h"
#include "data/files/scratch_folder.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

FileState state_of(const struct stat& s) {
  return {.device = s.st_dev,
          .inode = s.st_ino,
          .size = s.st_size,
          .seconds = s.st_mtim.tv_sec,
          .nanoseconds = s.st_mtim.tv_nsec,
          .mode = s.st_mode};
}

[[noreturn]] void throw_changed(const fs::path& path) {
  throw UsageError(message("'", path.string(),
                           "' was created or changed by another program in the meantime and is "
                           "kept; choose another name, or replace it with --force"));
}

template <typename Kind>
void require_regular(const fs::path& path, const FileState& there) {
  PG_CHECK(S_ISREG(there.mode), Kind, "cannot write '", path.string(), "': expected a file, got ",
           kind_of(there.mode), "; choose another name");
}

}  // namespace

std::optional<FileState> FileState::of(const fs::path& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return state_of(status);
}

bool FileState::is_same_as(const FileState& o) const {
  return device == o.device && inode == o.inode && size == o.size && seconds == o.seconds &&
         nanoseconds == o.nanoseconds;
}

fs::path follow_links(const fs::path& path) {
  constexpr int kMostLinks = 40;  // as the kernel
  fs::path at = path;
  for (int i = 0; i < kMostLinks; ++i) {
    const std::optional<FileState> state = FileState::of(at);
    if (!state || !S_ISLNK(state->mode)) return at;
    const fs::path target = fs::read_symlink(at);
    at = target.is_absolute() ? target : folder_of(at) / target;
  }
  throw UsageError(message("cannot write '", path.string(),
                           "': its symbolic links lead in a circle; choose another name"));
}

OutputPath OutputPath::in_scratch(fs::path path) {
  OutputPath to(std::move(path));
  to.kind_ = Kind::in_scratch;
  return to;
}

OutputPath OutputPath::named(const fs::path& path, Force force,
                             const std::function<bool(const fs::path&)>& is_ours) {
  PG_CHECK(path.has_filename(), UsageError, "cannot write '", path.string(),
           "': expected the name of a file; add one");
  // /dev/stdout and the like are links to files that need not have a name.
  struct stat end = {};
  const bool exists = ::stat(path.c_str(), &end) == 0;
  if (exists) require_regular<UsageError>(path, state_of(end));
  OutputPath to(follow_links(path));
  to.kind_ = Kind::named;
  to.force_ = force;
  to.is_ours_ = is_ours;
  to.former_ = FileState::of(to.path_);
  PG_CHECK(exists == to.former_.has_value() && (!exists || to.former_->inode == end.st_ino),
           UsageError, "cannot write '", path.string(),
           "': it leads to a file without a name; choose another name");
  const fs::path folder = folder_of(to.path_);
  PG_CHECK(fs::is_directory(folder), UsageError, "cannot write '", path.string(), "': '",
           folder.string(), "' is not a folder; create it first");
  if (!to.former_ || force == Force::yes) return to;
  PG_CHECK((to.former_->mode & 0222) != 0, UsageError, "'", path.string(),
           "' is write-protected; choose another name, or replace it with --force");
  PG_CHECK(is_ours(to.path_), UsageError, "'", path.string(),
           "' already exists and was not written by this command; choose another name, or replace "
           "it with --force");
  return to;
}

void OutputPath::check() const {
  const std::optional<FileState> there = FileState::of(path_);
  if (kind_ == Kind::own && there && !S_ISLNK(there->mode)) {
    require_regular<IoError>(path_, *there);
  }
}

void OutputPath::take(const fs::path& from) const {
  const std::optional<FileState> there = FileState::of(path_);
  if (kind_ == Kind::named) {
    if (!there && take_new(from)) return;
    const std::optional<FileState> former = FileState::of(path_);
    if (!former) throw_changed(path_);
    require_regular<UsageError>(path_, *former);
    const bool expected = former_ && former_->is_same_as(*former);
    // A second program like this one may have written it; of two such files the later one stays.
    if (!expected && force_ == Force::no && !is_ours_(path_)) throw_changed(path_);
    return take_place(from, *former);
  }
  check();
  if (::rename(from.c_str(), path_.c_str()) != 0) throw_io_error("write", path_, errno);
}

// False if the name is no longer free.
bool OutputPath::take_new(const fs::path& from) const {
  const int error = rename_to_free_name(from, path_);
  if (error == EEXIST) return false;
  if (error != 0) throw_io_error("write", path_, error);
  return true;
}

// Exchanging shows which file was replaced: if it is not the expected one, it goes back.
void OutputPath::take_place(const fs::path& from, const FileState& former) const {
  int error = exchange_names(from, path_);
  if (error != 0 && is_unsupported(error)) {
    error = ::rename(from.c_str(), path_.c_str()) == 0 ? 0 : errno;
    if (error == 0) return;
  }
  if (error == ENOENT) throw_changed(path_);
  if (error != 0) throw_io_error("write", path_, error);
  const std::optional<FileState> replaced = FileState::of(from);
  if (replaced && replaced->is_same_as(former)) return;
  // The name may have been freed since; either way the other program's file keeps it.
  if (exchange_names(from, path_) != 0) rename_to_free_name(from, path_);
  throw_changed(path_);
}

}  // namespace pg
