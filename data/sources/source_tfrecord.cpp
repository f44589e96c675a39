// source_tfrecord.cpp: the official data sets: NAME-r02.tfrecords to NAME-r10.tfrecords, one file
// for each size, and NAME-rxx.labels. The largest size is used; smaller levels are computed from
// it.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

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

// One-hot rows or class numbers. There may be more of them than images, if the image file is
// truncated.
Labels read_labels(const fs::path& path, int64_t count) {
  const NpyFile file(path);
  const bool one_hot = file.type() == NpyType::f32 && file.shape().size() == 2;
  const bool numbers = file.type() == NpyType::i32 && file.shape().size() == 1;
  PG_CHECK((one_hot || numbers) && file.shape()[0] >= count, FormatError, path.string(),
           " has neither one-hot rows nor class numbers for ", count,
           " images; move it away to train without classes");
  const int64_t rows = file.shape()[0];
  std::vector<int32_t> labels(static_cast<size_t>(rows), 0);
  if (numbers) {
    file.read(0, labels);
    const auto [least, most] = std::minmax_element(labels.begin(), labels.end());
    PG_CHECK(*least >= 0 && *most < kMostClasses, FormatError, path.string(),
             " has class numbers from ", *least, " to ", *most,
             "; move it away to train without classes");
    return {labels, *most + 1};
  }
  PG_CHECK(file.shape()[1] <= kMostClasses, FormatError, path.string(), " has ", file.shape()[1],
           " classes; expected at most ", kMostClasses, "; move it away to train without classes");
  std::vector<float> row(static_cast<size_t>(file.shape()[1]));
  for (int64_t i = 0; i < rows; ++i) {
    file.read(i * file.shape()[1], row);
    const auto one = std::find(row.begin(), row.end(), 1.0f);
    const auto zeros = std::count(row.begin(), row.end(), 0.0f);
    PG_CHECK(one != row.end() && zeros + 1 == file.shape()[1], FormatError, "row ", i, " of ",
             path.string(), " is not one-hot; move the file away to train without classes");
    labels[static_cast<size_t>(i)] = static_cast<int32_t>(one - row.begin());
  }
  return {labels, file.shape()[1]};
}

class TfRecordSource : public ImageSource {
 public:
  explicit TfRecordSource(const fs::path& path) : path_(path), file_(path) {
    const fs::path labels =
        path.parent_path() / (name_and_level(path).first + std::string("-rxx.labels"));
    if (!fs::exists(labels)) return;
    const Labels given = read_labels(labels, count());
    labels_ = given.labels;
    labels_stamp_ = file_stamp(labels);
    for (int64_t k = 0; k < given.classes; ++k) label_names_.push_back(std::to_string(k));
  }

  int64_t count() const override { return file_.count(); }

  Image load(int64_t i) const override {
    try {
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
    return message("tfrecord ", file_stamp(path_), " ", labels_stamp_);
  }

 private:
  fs::path path_;
  TfRecordFile file_;
  std::vector<int32_t> labels_;
  std::vector<std::string> label_names_;
  std::string labels_stamp_;
};

}  // namespace

fs::path largest_tfrecords(const fs::path& folder) {
  std::map<std::string, std::pair<int, fs::path>> sets;  // the largest of each name
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != kEnding || !entry.is_regular_file()) continue;
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
