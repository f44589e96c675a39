// source_tfrecord.cpp: the official data sets: NAME-r02.tfrecords to NAME-r10.tfrecords, one file
// for each size, and NAME-rxx.labels. The largest size is used; smaller levels are computed from
// it.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "data/files/file_kind.h"
#include "data/files/file_stamp.h"
#include "data/files/memory_budget.h"
#include "data/formats/npy.h"
#include "data/formats/tfrecord.h"
#include "data/sources/source.h"
#include "data/sources/tfrecord_example.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr const char* kEnding = ".tfrecords";
constexpr int32_t kMostClasses = 100000;

// "NAME-r07.tfrecords" -> {"NAME", 7}; {"NAME", -1} without a size.
std::pair<std::string, int> name_and_level(const fs::path& file) {
  const std::string stem = file.stem().string();
  const size_t n = stem.size();
  const auto digit = [&](size_t i) { return stem[i] >= '0' && stem[i] <= '9'; };
  if (n < 5 || stem[n - 4] != '-' || stem[n - 3] != 'r' || !digit(n - 2) || !digit(n - 1)) {
    return {stem, -1};
  }
  return {stem.substr(0, n - 4), (stem[n - 2] - '0') * 10 + (stem[n - 1] - '0')};
}

struct Labels {
  std::vector<int32_t> labels;
  int64_t classes = 0;
};

Labels read_class_numbers(const NpyFile& file, const fs::path& path, int64_t count) {
  constexpr int64_t kChunk = 1 << 16;
  Labels given;
  int32_t least = 0, most = 0;
  std::vector<int32_t> chunk;
  for (int64_t at = 0; at < file.shape()[0]; at += kChunk) {
    chunk.resize(static_cast<size_t>(std::min(kChunk, file.shape()[0] - at)));
    file.read(at, chunk);
    const auto [low, high] = std::minmax_element(chunk.begin(), chunk.end());
    least = std::min(least, *low);
    most = std::max(most, *high);
    const auto kept =
        std::min(static_cast<int64_t>(chunk.size()), std::max<int64_t>(count - at, 0));
    given.labels.insert(given.labels.end(), chunk.begin(), chunk.begin() + kept);
  }
  PG_CHECK(least >= 0 && most < kMostClasses, FormatError, path.string(),
           " has class numbers from ", least, " to ", most,
           "; move it away to train without classes");
  given.classes = most + 1;
  return given;
}

Labels read_one_hot(const NpyFile& file, const fs::path& path, int64_t count) {
  const int64_t classes = file.shape()[1];
  PG_CHECK(classes <= kMostClasses, FormatError, path.string(), " has ", classes,
           " classes; expected at most ", kMostClasses, "; move it away to train without classes");
  std::vector<float> row(static_cast<size_t>(classes));
  Labels given{.labels = {}, .classes = classes};
  for (int64_t i = 0; i < file.shape()[0]; ++i) {
    file.read(i * classes, row);
    const auto one = std::find(row.begin(), row.end(), 1.0f);
    const auto zeros = std::count(row.begin(), row.end(), 0.0f);
    PG_CHECK(one != row.end() && zeros + 1 == classes, FormatError, "row ", i, " of ",
             path.string(), " is not one-hot; move the file away to train without classes");
    if (i < count) given.labels.push_back(static_cast<int32_t>(one - row.begin()));
  }
  return given;
}

// One-hot rows or class numbers. There may be more of them than images, if the image file is
// truncated; only those of images are kept.
Labels read_labels(const fs::path& path, int64_t count) {
  const NpyFile file(path);
  const bool one_hot = file.type() == NpyType::f32 && file.shape().size() == 2;
  const bool numbers = file.type() == NpyType::i32 && file.shape().size() == 1;
  PG_CHECK((one_hot || numbers) && file.shape()[0] >= count, FormatError, path.string(),
           " has neither one-hot rows nor class numbers for ", count,
           " images; move it away to train without classes");
  return numbers ? read_class_numbers(file, path, count) : read_one_hot(file, path, count);
}

class TfRecordSource : public ImageSource {
 public:
  explicit TfRecordSource(const fs::path& path)
      : path_(path), watched_(path), watched_labels_(labels_of(path)), file_(path) {
    const fs::path labels = labels_of(path);
    if (!fs::exists(labels)) return;
    const Labels given = read_labels(labels, count());
    labels_ = given.labels;
    for (int64_t k = 0; k < given.classes; ++k) label_names_.push_back(std::to_string(k));
  }

  int64_t count() const override { return file_.count(); }

  Image load(int64_t i) const override {
    try {
      const auto memory =
          file_budget().take(std::min(file_.bytes(i), kMostStoredBytes), "the record");
      return image_of_example(file_.read(i, kMostStoredBytes));
    } catch (const FormatError& error) {
      throw FormatError(message(name(i), ": ", error.what()));
    }
  }

  std::string name(int64_t i) const override {
    return message(path_.filename().string(), " record ", i);
  }
  int32_t label(int64_t i) const override {
    return labels_.empty() ? 0 : labels_[static_cast<size_t>(i)];
  }
  std::vector<std::string> label_names() const override { return label_names_; }
  int64_t default_channels() const override {
    try {
      return load(0).channels < 3 ? 1 : 3;
    } catch (const Error&) {  // listed later, like every damaged record
      return 3;
    }
  }
  std::string fingerprint() const override {
    return message("tfrecord ", watched_.text(), " ", watched_labels_.text());
  }

 private:
  static fs::path labels_of(const fs::path& path) {
    return path.parent_path() / (name_and_level(path).first + std::string("-rxx.labels"));
  }

  fs::path path_;
  WatchedFile watched_, watched_labels_;
  TfRecordFile file_;
  std::vector<int32_t> labels_;
  std::vector<std::string> label_names_;
};

}  // namespace

fs::path largest_tfrecords(const fs::path& folder) {
  std::map<std::string, std::pair<int, fs::path>> sets;  // the largest of each name
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != kEnding || !is_file(entry.path())) continue;
    const auto [name, level] = name_and_level(entry.path());
    const auto [set, is_new] = sets.try_emplace(name, level, entry.path());
    if (!is_new && level > set->second.first) set->second = {level, entry.path()};
  }
  PG_CHECK(sets.size() <= 1, UsageError, folder.string(), " has the TFRecords of ", sets.size(),
           " data sets; name one .tfrecords file instead");
  return sets.empty() ? fs::path() : sets.begin()->second.second;
}

std::unique_ptr<ImageSource> open_tfrecord_source(const fs::path& file) {
  return std::make_unique<TfRecordSource>(file);
}

}  // namespace pg
