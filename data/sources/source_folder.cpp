// source_folder.cpp: all images below a folder.
#include <algorithm>
#include <optional>

#include "data/files/file_kind.h"
#include "data/files/file_stamp.h"
#include "data/files/shown.h"
#include "data/sources/file_classes.h"
#include "data/sources/piece_buffer.h"
#include "data/sources/source.h"
#include "data/sources/tree_scan.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostShown = 300;  // characters of notes in an error

class FolderSource : public ImageSource {
 public:
  explicit FolderSource(const fs::path& root)
      : root_(root), label_file_(root / "dataset.json"), tree_(scan_tree(root)) {
    PG_CHECK(!tree_.files.empty(), FormatError, root_.string(),
             " has no JPEG, PNG, WebP or BMP image (", tree_.ignored, " other files",
             tree_.notes.empty() ? "" : "; " + shown(joined(tree_.notes, "; "), kMostShown),
             "); name a folder of images");
    const auto open = [&](const std::string& folder) { return open_labels(folder); };
    classes_ = classes_of_tree(tree_.files, open, root_.string());
    tree_.notes.insert(tree_.notes.end(), classes_.notes.begin(), classes_.notes.end());
  }

  int64_t count() const override { return static_cast<int64_t>(tree_.files.size()); }
  Image load(int64_t i) const override { return decode_file(root_ / file(i)); }
  std::string name(int64_t i) const override { return file(i); }
  int32_t label(int64_t i) const override {
    return classes_.labels.empty() ? 0 : classes_.labels[static_cast<size_t>(i)];
  }
  std::vector<std::string> label_names() const override { return classes_.names; }
  int64_t ignored_files() const override { return tree_.ignored; }
  std::vector<std::string> notes() const override { return tree_.notes; }
  int64_t default_channels() const override { return 3; }

  std::string fingerprint() const override {
    constexpr int64_t kSampledFiles = 1024, kBlocks = 3;
    NameHash hash;
    hash.add(label_file_.text());
    const int64_t stride = std::max<int64_t>(count() / kSampledFiles, 1);
    for (int64_t i = 0; i < count(); ++i) {
      hash.add(file(i));
      hash.add(file_stamp(root_ / file(i)));
      if (i % stride == 0) add_samples(hash, root_ / file(i), kBlocks);
    }
    return message(tree_.files.size(), " files ", hash.hex());
  }

 private:
  const std::string& file(int64_t i) const { return tree_.files[static_cast<size_t>(i)]; }

  // A dataset.json that holds labels is part of the fingerprint, wherever it lies.
  std::optional<NextPiece> open_labels(const std::string& folder) {
    const fs::path file = root_ / folder / "dataset.json";
    if (!is_file(file)) return std::nullopt;
    label_file_ = WatchedFile(file);
    return pieces_of(ReadFile(file));
  }

  fs::path root_;
  WatchedFile label_file_;
  Tree tree_;
  FileClasses classes_;
};

}  // namespace

std::unique_ptr<ImageSource> open_folder_source(const fs::path& root) {
  return std::make_unique<FolderSource>(root);
}

}  // namespace pg
