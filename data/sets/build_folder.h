// build_folder.h: a dataset folder under construction.
#pragma once

#include <filesystem>

namespace pg {

// What to do when the output folder exists. replace takes the place of a dataset folder or an empty
// folder, never of a folder with anything else in it.
enum class Existing { refuse, replace };

// `<out>.tmp-<pid>`: renamed to `out` by publish(), removed with all it holds if that is not
// reached. Left-overs of processes that were killed are removed at the start.
class BuildFolder {
 public:
  // `out` is absolute. Throws UsageError when it exists and may not be replaced, IoError.
  BuildFolder(const std::filesystem::path& out, Existing existing);
  ~BuildFolder();
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;

  const std::filesystem::path& path() const { return aside_; }

  void publish();

 private:
  void check_target() const;
  void remove_left_over() const;

  std::filesystem::path out_, aside_;
  Existing existing_;
};

}  // namespace pg
