// build_folder.h: a data set folder under construction.
#pragma once

#include <filesystem>
#include <optional>

#include "data/files/new_folders.h"
#include "data/files/scratch_folder.h"

namespace pg {

// What to do if the output folder exists. replace: only an empty folder or a data set is replaced,
// recognised by dataset.json and the names of all its files. cached: as replace, but in the cache,
// where the folder's own name proves enough that damaged data sets are replaced too.
enum class Existing { refuse, replace, cached };

// The data set is built in a ScratchFolder beside `out` and takes its place at once in publish(): a
// program killed at any time leaves the old data set or the new one. Leftovers of killed programs
// are removed at the start.
class BuildFolder {
 public:
  // Follows symbolic links of `out` (not in the cache) and creates missing folders above it. Throws
  // UsageError if it exists and may not be replaced, IoError.
  BuildFolder(const std::filesystem::path& out, Existing existing);
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;

  std::filesystem::path path() const { return scratch_->set(); }

  // Creates or replaces `out`. Throws as the constructor.
  void publish();

 private:
  enum class Target { free, empty, data_set };
  Target check_target() const;
  void check_content(const std::filesystem::path& folder) const;
  void take_place();
  void take_place_in_two_steps();

  std::filesystem::path out_;
  Existing existing_;
  NewFolders above_;
  std::optional<ScratchFolder> scratch_;
};

}  // namespace pg
