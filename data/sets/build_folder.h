// build_folder.h: a data set folder under construction.
#pragma once

#include <filesystem>

namespace pg {

// What to do if the output folder exists. replace: only a data set folder or an empty folder is
// replaced, never one with other content.
enum class Existing { refuse, replace };

// `<out>.tmp-<pid>`: renamed to `out` by publish(), otherwise removed with its content. Leftovers
// of killed processes are removed at the start.
class BuildFolder {
 public:
  // `out` is absolute. Throws UsageError if it exists and may not be replaced, IoError.
  BuildFolder(const std::filesystem::path& out, Existing existing);
  ~BuildFolder();
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;

  const std::filesystem::path& path() const { return aside_; }

  // Creates or replaces `out`. Throws as the constructor.
  void publish();

 private:
  void check_target() const;
  void remove_left_over() const;

  std::filesystem::path out_, aside_;
  Existing existing_;
};

}  // namespace pg
