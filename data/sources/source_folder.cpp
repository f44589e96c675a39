// source_folder.cpp: all images below a folder.
#include <algorithm>
#include <set>
#include <utility>

#include "data/files/name_hash.h"
#include "data/files/read_file.h"
#include "data/images/endings.h"
#include "data/sources/label_file.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

bool is_candidate(const fs::path& file) {
  if (has_image_ending(file)) return true;
  try {
    return looks_like_image(read_file_start(file, 32));
  } catch (const IoError&) {
    return true;  // load() gets the same error, and the builder reports it
  }
}

class FolderSource : public ImageSource {
 public:
  explicit FolderSource(const fs::path& root) : root_(root) {
    std::set<fs::path> visited;
    scan(root_, visited);
    PG_CHECK(!files_.empty(), FormatError, root_.string(), " has no JPEG, PNG, WebP or BMP image (",
             ignored_, " other files); name a folder of images");
    std::sort(files_.begin(),
              files_.end());  // by whole path, in the same order on every file system
    const std::optional<LabelFile> given = read_label_file(root_);
    classes_ =
        given ? classes_of_labels(files_, *given, root_.string()) : classes_of_folders(files_);
  }

  int64_t count() const override { return static_cast<int64_t>(files_.size()); }
  Image load(int64_t i) const override { return decode_file(root_ / file(i)); }
  std::string name(int64_t i) const override { return file(i); }
  int32_t label(int64_t i) const override {
    return classes_.labels.empty() ? 0 : classes_.labels[static_cast<size_t>(i)];
  }
  std::vector<std::string> label_names() const override { return classes_.names; }
  int64_t ignored_files() const override { return ignored_; }
  int64_t default_channels() const override { return 3; }

  std::string fingerprint() const override {
    NameHash hash;
    if (fs::exists(root_ / "dataset.json")) hash.add(file_stamp(root_ / "dataset.json"));
    for (const std::string& path : files_) {
      hash.add(path);
      hash.add(file_stamp(root_ / path));
    }
    return message(files_.size(), " files ", hash.hex());
  }

 private:
  const std::string& file(int64_t i) const { return files_[static_cast<size_t>(i)]; }

  // Follows links to folders; `visited` breaks the cycles they can form.
  void scan(const fs::path& folder, std::set<fs::path>& visited) {
    if (!visited.insert(fs::canonical(folder)).second) return;
    std::vector<fs::directory_entry> entries(fs::directory_iterator(folder), {});
    std::sort(entries.begin(), entries.end());  // of two links to a folder the first is followed
    for (const fs::directory_entry& entry : entries) {
      if (entry.path().filename().string().starts_with('.')) continue;
      if (entry.is_directory()) {
        scan(entry.path(), visited);
      } else if (entry.is_regular_file() && is_candidate(entry.path())) {
        files_.push_back(entry.path().lexically_relative(root_).string());
      } else {
        ++ignored_;
      }
    }
  }

  fs::path root_;
  std::vector<std::string> files_;  // relative to root_, '/' between parts
  FileClasses classes_;
  int64_t ignored_ = 0;
};

}  // namespace

std::unique_ptr<ImageSource> open_folder_source(const fs::path& root) {
  return std::make_unique<FolderSource>(root);
}

}  // namespace pg
