// source_folder.cpp: all pictures below a folder.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "data/files.h"
#include "data/label_file.h"
#include "data/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

// Files of these endings are meant to be images: what cannot be decoded is reported, not ignored.
bool has_image_ending(const fs::path& file) {
  constexpr std::array<std::string_view, 13> kEndings = {".jpg",  ".jpeg", ".jpe", ".jfif", ".png",
                                                         ".bmp",  ".dib",  ".gif", ".tif",  ".tiff",
                                                         ".webp", ".heic", ".avif"};
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

bool is_candidate(const fs::path& file) {
  if (has_image_ending(file)) return true;
  try {
    return looks_like_image(read_file_start(file, 32));
  } catch (const IoError&) {
    return true;  // load() meets the error again, and the builder reports it
  }
}

class FolderSource : public ImageSource {
 public:
  explicit FolderSource(const fs::path& root) : root_(root) {
    std::set<fs::path> visited;
    scan(root_, visited);
    PG_CHECK(!files_.empty(), FormatError, root_.string(), " holds no JPEG, PNG or BMP image (",
             ignored_, " other files); give a folder of images");
    std::sort(files_.begin(), files_.end());  // by whole path, whatever the file system's order
    const std::optional<LabelFile> given = read_label_file(root_);
    if (given && !given->labels.empty()) {
      take_labels(*given);
    } else {
      assign_labels();
    }
  }

  int64_t count() const override { return static_cast<int64_t>(files_.size()); }
  Image load(int64_t i) const override { return decode_file(root_ / file(i)); }
  std::string name(int64_t i) const override { return file(i); }
  int32_t label(int64_t i) const override {
    return label_names_.empty() ? 0 : labels_[static_cast<size_t>(i)];
  }
  std::vector<std::string> label_names() const override { return label_names_; }
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

  // Follows links to folders; `visited` ends the circles they can form.
  void scan(const fs::path& folder, std::set<fs::path>& visited) {
    if (!visited.insert(fs::canonical(folder)).second) return;
    std::vector<fs::directory_entry> entries(fs::directory_iterator(folder), {});
    std::sort(entries.begin(), entries.end());  // which of two links to a folder counts
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

  // The classes of dataset.json, which go before those of folders.
  void take_labels(const LabelFile& given) {
    for (const std::string& path : files_) {
      const auto it = given.labels.find(path);
      PG_CHECK(it != given.labels.end(), FormatError, "dataset.json in ", root_.string(),
               " has no label for the image ", path, "; add it, or remove dataset.json");
      labels_.push_back(it->second);
    }
    for (int32_t k = 0; k < given.classes; ++k) label_names_.push_back(std::to_string(k));
  }

  // The class is the first folder below the root; "." where images lie in the root beside folders.
  void assign_labels() {
    std::map<std::string, int32_t> numbers;
    std::vector<std::string> classes;
    for (const std::string& path : files_) {
      const size_t slash = path.find('/');
      classes.push_back(slash == std::string::npos ? "." : path.substr(0, slash));
      numbers.emplace(classes.back(), 0);
    }
    if (numbers.size() == 1 && numbers.contains(".")) return;
    for (auto& [name, number] : numbers) {
      number = static_cast<int32_t>(label_names_.size());
      label_names_.push_back(name);
    }
    for (const std::string& name : classes) labels_.push_back(numbers.at(name));
  }

  fs::path root_;
  std::vector<std::string> files_;  // relative to root_, '/' between parts
  std::vector<int32_t> labels_;
  std::vector<std::string> label_names_;
  int64_t ignored_ = 0;
};

}  // namespace

std::unique_ptr<ImageSource> open_folder_source(const fs::path& root) {
  return std::make_unique<FolderSource>(root);
}

}  // namespace pg
