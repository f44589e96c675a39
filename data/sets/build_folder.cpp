// build_folder.cpp: builds beside the target, renames when complete.
#include "data/sets/build_folder.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include "data/files/atomic_file.h"
#include "data/files/io_error.h"
#include "data/images/resolutions.h"
#include "data/sets/manifest.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

bool is_dataset_file(const std::string& name) {
  return name == "dataset.json" || name == "labels.npy" ||
         (name.size() == level_file_name(kMinResolution).size() && name.starts_with("r") &&
          name.ends_with(".npy"));
}

// Whether `<prefix><pid>` names the folder of a process that has ended (or of this one, which has
// no other build of the same folder).
bool is_left_over(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return false;
  pid_t pid = 0;
  const char* last = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + prefix.size(), last, pid);
  if (error != std::errc() || stop != last || pid <= 0) return false;
  return pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH);
}

}  // namespace

BuildFolder::BuildFolder(const fs::path& out, Existing existing) : out_(out), existing_(existing) {
  check_target();
  remove_left_over();
  fs::path aside = out_;
  aside += message(".tmp-", ::getpid());
  std::error_code error;
  fs::create_directories(aside, error);
  if (error) throw_io_error("create", aside, error.value());
  aside_ = aside;
}

BuildFolder::~BuildFolder() {
  std::error_code ignored;
  if (!aside_.empty()) fs::remove_all(aside_, ignored);
}

void BuildFolder::publish() {
  check_target();
  // A crash between these two leaves no data set, never half of one.
  std::error_code error;
  fs::remove_all(out_, error);
  if (!error) fs::rename(aside_, out_, error);
  if (error) throw_io_error("write", out_, error.value());
  aside_.clear();
  sync_folder(out_.parent_path());
}

void BuildFolder::check_target() const {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(out_, error);
  if (!fs::exists(status)) return;
  PG_CHECK(existing_ == Existing::replace, UsageError, out_.string(),
           " already exists; choose another folder or remove it");
  bool ours = fs::is_directory(status);
  fs::directory_iterator it(out_, error);
  for (; ours && !error && it != fs::directory_iterator(); it.increment(error)) {
    ours = is_dataset_file(it->path().filename().string());
  }
  PG_CHECK(ours && !error, UsageError, out_.string(),
           " has other content than a data set, so it is not replaced; choose another folder");
}

void BuildFolder::remove_left_over() const {
  const std::string prefix = out_.filename().string() + ".tmp-";
  std::error_code error, ignored;
  fs::directory_iterator it(out_.parent_path(), error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (is_left_over(it->path().filename().string(), prefix)) fs::remove_all(it->path(), ignored);
  }
}

}  // namespace pg
