// source_zip.cpp: all images in a zip archive, as packed by StyleGAN's tools.
//
// Images are read from disk one at a time, so the archive may have any size.
#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "data/files/file_stamp.h"
#include "data/files/memory_budget.h"
#include "data/files/read_file.h"
#include "data/files/shown.h"
#include "data/formats/own_file.h"
#include "data/formats/zip_archive.h"
#include "data/images/endings.h"
#include "data/sources/file_classes.h"
#include "data/sources/source.h"
#include "data/sources/tree_scan.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostShown = 300;  // characters of notes in an error

// A folder of another program, or a hidden file: in one of the parts of a name.
bool is_foreign(std::string_view name) {
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    const std::string_view part = name.substr(at, end - at);
    const bool up = part == "..";  // nothing is unpacked there
    if (!up && (end < name.size() ? is_foreign_folder(part) : part.starts_with('.'))) return true;
    at = end + 1;
  }
  return false;
}

class ZipSource : public ImageSource {
 public:
  explicit ZipSource(const fs::path& file)
      : file_(file),
        watched_(file),
        zip_(file, {file.string() + ": ", "copy or download it again"}) {
    Skipped foreign;
    for (const auto& [stored, entry] : zip_.entries()) {
      const std::string name = plain_name(stored);
      if (name.empty() || stored.ends_with('/') || stored.ends_with('\\')) continue;
      if (is_foreign(name)) {
        foreign.add(shown(name, 200));
      } else if (is_candidate(name, entry)) {
        images_.push_back({name, entry});
      } else {
        ignored_ += name.ends_with("dataset.json") ? 0 : 1;
      }
    }
    foreign.tell(notes_, "file of other programs", "files of other programs");
    Skipped repeated;
    for (const std::string& name : zip_.repeated()) repeated.add(shown(name, 200));
    repeated.tell(notes_, "file that a later one of the same name replaces",
                  "files that later ones of the same names replace");
    sort_out_own();
    PG_CHECK(!images_.empty(), FormatError, file_.string(), " has no image (", ignored_,
             " other files", notes_.empty() ? "" : "; " + shown(joined(notes_, "; "), kMostShown),
             "); use an archive of images");
    find_classes();
  }

  int64_t count() const override { return static_cast<int64_t>(images_.size()); }

  Image load(int64_t i) const override {
    const ZipArchive::Entry& entry = images_[static_cast<size_t>(i)].entry;
    const std::string shown_name = name(i);
    const auto memory = file_budget().take(static_cast<int64_t>(entry.bytes), shown_name);
    return decode_image(zip_.read(entry, kMostStoredBytes), shown_name);
  }

  std::string name(int64_t i) const override { return shown(images_[static_cast<size_t>(i)].name); }
  int32_t label(int64_t i) const override {
    return classes_.labels.empty() ? 0 : classes_.labels[static_cast<size_t>(i)];
  }
  std::vector<std::string> label_names() const override { return classes_.names; }
  int64_t ignored_files() const override { return ignored_; }
  std::vector<std::string> notes() const override { return notes_; }
  int64_t default_channels() const override { return 3; }
  std::string fingerprint() const override { return message("zip ", watched_.text()); }

 private:
  struct Named {
    std::string name;  // with '/' between parts, also in archives of Windows
    ZipArchive::Entry entry;
  };

  bool is_candidate(const std::string& name, const ZipArchive::Entry& entry) const {
    if (has_image_ending(name)) return true;
    try {
      return looks_like_image(zip_.read_start(entry, 32));
    } catch (const FormatError&) {
      return false;  // a damaged file of another kind does no harm
    }
  }

  // Empty if it is damaged.
  std::vector<uint8_t> content_of(const Named& image) const {
    try {
      const auto memory = file_budget().take(static_cast<int64_t>(image.entry.bytes), image.name);
      return zip_.read(image.entry, kMostStoredBytes);
    } catch (const Error&) {
      return {};
    }
  }

  // Empty if it is damaged.
  std::vector<uint8_t> start_of(const Named& image) const {
    try {
      return zip_.read_start(image.entry, kOwnImageStart);
    } catch (const FormatError&) {
      return {};
    }
  }
  bool is_own(const Named& image) const {
    const std::vector<uint8_t> start = start_of(image);
    if (starts_as_own_image(start)) return true;
    return !start.empty() && start[0] == 'R' && is_own_webp(content_of(image));
  }

  // Sheets and samples of this program among other images are skipped; an archive of its images is
  // used. Of very many images, some are looked at first.
  void sort_out_own() {
    constexpr size_t kAll = 1024;
    const size_t stride = std::max<size_t>(images_.size() / kAll, 1);
    bool any = false;
    for (size_t i = 0; i < images_.size() && !any; i += stride) any = is_own(images_[i]);
    if (!any) return;
    const auto first = std::stable_partition(images_.begin(), images_.end(),
                                             [&](const Named& image) { return !is_own(image); });
    const auto is_image = [&](const Named& image) { return looks_like_image(start_of(image)); };
    if (std::none_of(images_.begin(), first, is_image)) {
      notes_.push_back(message("all images, ", images_.end() - first,
                               ", were written by progan_cuda; they are used because there are "
                               "no others"));
      std::sort(images_.begin(), images_.end(),
                [](const Named& a, const Named& b) { return a.name < b.name; });
      return;
    }
    Skipped own;
    std::for_each(first, images_.end(), [&](const Named& i) { own.add(shown(i.name, 200)); });
    own.tell(notes_, "image that progan_cuda wrote", "images that progan_cuda wrote");
    images_.erase(first, images_.end());
  }

  // The pieces of FOLDERdataset.json.
  std::optional<NextPiece> open_labels(const std::string& folder) const {
    for (const auto& [stored, entry] : zip_.entries()) {
      if (plain_name(stored) != folder + "dataset.json") continue;
      const auto reader = std::make_shared<ZipArchive::Reader>(zip_, entry);
      return [reader, piece = std::vector<uint8_t>()]() mutable -> std::span<const uint8_t> {
        piece.resize(size_t{1} << 16);
        piece.resize(reader->read(piece));
        return piece;
      };
    }
    return std::nullopt;
  }

  void find_classes() {
    std::vector<std::string> names;
    for (const Named& image : images_) names.push_back(image.name);
    const auto open = [&](const std::string& folder) { return open_labels(folder); };
    classes_ = classes_of_tree(names, open, file_.string());
    notes_.insert(notes_.end(), classes_.notes.begin(), classes_.notes.end());
  }

  fs::path file_;
  WatchedFile watched_;
  ZipArchive zip_;
  std::vector<Named> images_;
  FileClasses classes_;
  std::vector<std::string> notes_;
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
