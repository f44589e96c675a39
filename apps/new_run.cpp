// new_run.cpp: makes and removes the folder of a new run.
#include "apps/new_run.h"

#include <unistd.h>

namespace pg::apps {
namespace {

namespace fs = std::filesystem;

// The folders that `out` needs and that do not exist, innermost first.
std::vector<fs::path> missing_folders(fs::path out) {
  std::vector<fs::path> missing;
  std::error_code error;
  for (; !out.empty() && !fs::exists(out, error); out = out.parent_path()) missing.push_back(out);
  return missing;
}

// The files that a run writes before its first checkpoint. Anything else keeps the folder.
void remove_first_files(const RunFolder& run) {
  std::error_code error;
  for (const fs::path& file :
       {run.config_file(), run.log_file(), run.stats_file(), run.reals_image()}) {
    fs::remove(file, error);
  }
  for (const fs::path& file : run.fakes_images()) fs::remove(file, error);
}

}  // namespace

NewRun::NewRun(const Config& config) : made_(missing_folders(config.train.out)) {
  try {
    folder_ = RunFolder::create(config, data_slug(config.data.path));
  } catch (...) {
    remove_parents();
    throw;
  }
}

NewRun::~NewRun() {
  try {
    if (kept_ || !folder_->all_checkpoints().empty()) return;
    remove_first_files(*folder_);
    ::rmdir(folder_->path().c_str());  // only if it is empty
    remove_parents();
  } catch (const std::exception&) {  // a folder that cannot be read stays
  }
}

void NewRun::remove_parents() {
  for (const fs::path& folder : made_) ::rmdir(folder.c_str());  // never a link or a file
}

}  // namespace pg::apps
