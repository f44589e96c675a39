// build_folder.cpp: builds beside the target, exchanges both when complete.
#include "data/sets/build_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "data/files/atomic_file.h"
#include "data/files/file_handle.h"
#include "data/files/io_error.h"
#include "data/files/output_path.h"
#include "data/files/rename.h"
#include "data/sets/manifest.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

// The first entry of a folder that no data set has; empty: all are as expected.
std::string foreign_entry(int folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    struct stat status = {};
    const bool known = is_set_file_name(name) &&
                       ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                       S_ISREG(status.st_mode);
    if (!known) return name;
  }
  return "";
}

bool has_description(const fs::path& folder) {
  try {
    read_manifest(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void keep_permissions(const fs::path& from, const fs::path& to) {
  struct stat status = {};
  if (::lstat(from.c_str(), &status) != 0) return;
  [[maybe_unused]] const int ignored = ::lchown(to.c_str(), status.st_uid, status.st_gid);
  ::chmod(to.c_str(), status.st_mode & 0777);
}

}  // namespace

BuildFolder::BuildFolder(const fs::path& out, Existing existing)
    : out_(existing == Existing::cached ? out : follow_links(out)),
      existing_(existing),
      above_(folder_of(out_)) {
  sweep_scratch_folders(folder_of(out_));  // this may bring a data set back
  check_target();
  scratch_.emplace(out_);
  if (::mkdir(path().c_str(), 0777) != 0) throw_io_error("create", out_, errno);
  scratch_->sync();
}

void BuildFolder::publish() {
  sync_folder(path());
  const Target target = check_target();
  if (target != Target::free) keep_permissions(out_, path());
  int error = 0;
  if (target == Target::free) error = rename_to_free_name(path(), out_);
  if (target == Target::empty) error = ::rename(path().c_str(), out_.c_str()) == 0 ? 0 : errno;
  if (target == Target::data_set) take_place();
  PG_CHECK(error != EEXIST && error != ENOTEMPTY, UsageError, out_.string(),
           " was created by another program in the meantime and is kept; choose another folder");
  if (error != 0) throw_io_error("write", out_, error);
  scratch_.reset();
  sync_folder(folder_of(out_));
}

BuildFolder::Target BuildFolder::check_target() const {
  const std::optional<FileState> there = FileState::of(out_);
  if (!there) return Target::free;
  PG_CHECK(S_ISDIR(there->mode), UsageError, "cannot write ", out_.string(),
           ": expected a folder or a free name, got ", kind_of(there->mode),
           "; choose another name");
  PG_CHECK(existing_ != Existing::refuse, UsageError, out_.string(),
           " already exists; choose another folder or remove it");
  const FileHandle folder = open_folder_at(AT_FDCWD, out_.c_str());
  const auto names = folder ? names_in(folder.get()) : std::nullopt;
  if (!names) throw_io_error("read", out_, errno);
  if (names->empty()) return Target::empty;
  check_content(out_);
  return Target::data_set;
}

void BuildFolder::check_content(const fs::path& at) const {
  const FileHandle folder = open_folder_at(AT_FDCWD, at.c_str());
  const auto names = folder ? names_in(folder.get()) : std::nullopt;
  if (!names) throw_io_error("read", out_, errno);
  const std::string foreign = foreign_entry(folder.get(), *names);
  PG_CHECK(foreign.empty(), UsageError, out_.string(), " has other content than a data set ('",
           foreign, "'), so it is not replaced; choose another folder");
  PG_CHECK(existing_ == Existing::cached || has_description(at), UsageError, out_.string(),
           " has no dataset.json of this program, so it is not replaced; choose another folder or "
           "remove it");
}

void BuildFolder::take_place() {
  const int error = exchange_names(path(), out_);
  if (error != 0 && is_unsupported(error)) return take_place_in_two_steps();
  if (error != 0) throw_io_error("write", out_, error);
  // From here on path() is the former data set, to be removed with the scratch folder; unless
  // another program has put something into it since it was checked.
  try {
    check_content(path());
  } catch (...) {
    exchange_names(path(), out_);
    throw;
  }
}

// For file systems that cannot exchange. A program killed between the two renames leaves a scratch
// folder from which the next one in this folder brings the former data set back.
void BuildFolder::take_place_in_two_steps() {
  scratch_->will_move(out_.filename().string());
  if (::rename(out_.c_str(), scratch_->former().c_str()) != 0) {
    throw_io_error("write", out_, errno);
  }
  const int error = rename_to_free_name(path(), out_);
  if (error == 0) return;
  rename_to_free_name(scratch_->former(), out_);
  throw_io_error("write", out_, error);
}

}  // namespace pg
