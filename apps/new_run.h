// new_run.h: the folder of a run that may still be refused.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "model/run/run_folder.h"

namespace pg::apps {

// Makes the folder of a new run. Unless it holds a checkpoint in the end, or was kept, it is
// removed again, and folders above it that were made for it: a start that was refused leaves
// nothing.
class NewRun {
 public:
  // Throws as RunFolder::create.
  explicit NewRun(const Config& config);
  ~NewRun();
  NewRun(const NewRun&) = delete;
  NewRun& operator=(const NewRun&) = delete;

  const RunFolder& folder() const { return *folder_; }
  void keep() { kept_ = true; }

 private:
  void remove_parents();

  std::vector<std::filesystem::path> made_;  // innermost first
  std::optional<RunFolder> folder_;
  bool kept_ = false;
};

}  // namespace pg::apps
