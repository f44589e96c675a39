// source_zip.cpp: all images in a zip archive, as packed by StyleGAN's tools.
//
// Images are read from disk one at a time, so the archive may have any size.
#include <algorithm>
#include <string_view>
#include <vector>

#include "data/files/read_file.h"
#include "data/files/shown.h"
#include "data/formats/zip_archive.h"
#include "data/images/endings.h"
#include "data/sources/label_file.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kMostLabelBytes = uint64_t{1} << 30;

// Files that programs keep for their own use.
bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name.find("/.") != std::string_view::npos ||
         name.starts_with("__MACOSX/");
}

class ZipSource : public ImageSource {
 public:
  explicit ZipSource(const fs::path& file)
      : file_(file), zip_(file, {file.string() + ": ", "copy or download it again"}) {
    for (const auto& [name, entry] : zip_.entries()) {
      if (name.ends_with('/') || is_hidden(name)) continue;
      if (is_candidate(name, entry)) {
        names_.push_back(name);
        entries_.push_back(entry);
      } else {
        ignored_ += name.ends_with("dataset.json") ? 0 : 1;
      }
    }
    PG_CHECK(!names_.empty(), FormatError, file_.string(), " has no image (", ignored_,
             " other files); use an archive of images");
    find_classes();
  }

  int64_t count() const override { return static_cast<int64_t>(names_.size()); }

  Image load(int64_t i) const override {
    return decode_image(zip_.read(entries_[static_cast<size_t>(i)]), name(i));
  }

  std::string name(int64_t i) const override { return shown(names_[static_cast<size_t>(i)]); }
  int32_t label(int64_t i) const override {
    return classes_.labels.empty() ? 0 : classes_.labels[static_cast<size_t>(i)];
  }
  std::vector<std::string> label_names() const override { return classes_.names; }
  int64_t ignored_files() const override { return ignored_; }
  int64_t default_channels() const override { return 3; }
  std::string fingerprint() const override { return message("zip ", file_stamp(file_)); }

 private:
  bool is_candidate(const std::string& name, const ZipArchive::Entry& entry) const {
    if (has_image_ending(name)) return true;
    try {
      return looks_like_image(zip_.read_start(entry, 32));
    } catch (const FormatError&) {
      return false;  // a damaged file of another kind does no harm
    }
  }

  // The folder, with its slash, that contains all images, if a whole folder was packed.
  std::string common_folder() const {
    const size_t slash = names_.front().find('/');
    if (slash == std::string::npos) return "";
    const std::string folder = names_.front().substr(0, slash + 1);
    const bool common = std::all_of(names_.begin(), names_.end(), [&](const std::string& name) {
      return name.starts_with(folder);
    });
    return common ? folder : "";
  }

  // A dataset.json, if present, gives the classes; without one, folders do.
  void find_classes() {
    const std::string folder = common_folder();
    for (const std::string& root : {std::string(), folder}) {
      const auto found = zip_.entries().find(root + "dataset.json");
      if (found == zip_.entries().end()) continue;
      PG_CHECK(found->second.bytes <= kMostLabelBytes, FormatError, file_.string(),
               " has a dataset.json of more than ", kMostLabelBytes, " bytes; pack it again");
      const std::vector<uint8_t> text = zip_.read(found->second);
      const std::optional<LabelFile> given =
          parse_label_file({reinterpret_cast<const char*>(text.data()), text.size()},
                           message("dataset.json in ", file_.string()));
      if (!given) continue;
      classes_ = classes_of_labels(without(root), *given, file_.string());
      return;
    }
    classes_ = classes_of_folders(without(folder));
  }

  std::vector<std::string> without(const std::string& folder) const {
    std::vector<std::string> result;
    for (const std::string& name : names_) result.push_back(name.substr(folder.size()));
    return result;
  }

  fs::path file_;
  ZipArchive zip_;
  std::vector<std::string> names_;
  std::vector<ZipArchive::Entry> entries_;
  FileClasses classes_;
  int64_t ignored_ = 0;
};

}  // namespace

bool is_zip(const fs::path& file) {
  const std::vector<uint8_t> start = read_file_start(file, 4);
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  return text == std::string_view("PK\x03\x04", 4) || text == std::string_view("PK\x05\x06", 4);
}

std::unique_ptr<ImageSource> open_zip_source(const fs::path& file) {
  return std::make_unique<ZipSource>(file);
}

}  // namespace pg
