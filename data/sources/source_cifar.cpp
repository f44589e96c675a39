// source_cifar.cpp: the binary version of CIFAR-10: records of one label byte, then the R, G and B
// planes of 32x32. Any number of records and files; class names from batches.meta.txt beside them.
#include <algorithm>
#include <sstream>
#include <utility>

#include "data/files/file_kind.h"
#include "data/files/file_stamp.h"
#include "data/files/read_file.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kSide = 32, kPlane = kSide * kSide, kRecord = 1 + 3 * kPlane;
constexpr int32_t kClasses = 10;
constexpr const char* kNamesFile = "batches.meta.txt";

std::vector<std::string> read_class_names(const fs::path& folder) {
  std::vector<std::string> names;
  const fs::path file = folder / kNamesFile;
  if (is_file(file)) {
    const std::vector<uint8_t> bytes = read_file(file, limits::kTextBytes);
    std::istringstream lines(std::string(bytes.begin(), bytes.end()));
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) names.push_back(line);
    }
  }
  if (names.size() == kClasses) return names;
  names.clear();
  for (int32_t k = 0; k < kClasses; ++k) names.push_back(std::to_string(k));
  return names;
}

class CifarSource : public ImageSource {
 public:
  explicit CifarSource(const std::vector<fs::path>& files)
      : files_(files),
        watched_names_(files.front().parent_path() / kNamesFile),
        label_names_(read_class_names(files.front().parent_path())) {
    for (const fs::path& file : files_) {
      watched_.emplace_back(file);
      batches_.emplace_back(file);
      const int64_t size = batches_.back().size();
      PG_CHECK(size > 0 && size % kRecord == 0, FormatError, file.string(), " has ", size,
               " bytes, which is not a multiple of the ", kRecord,
               " of a CIFAR-10 record: it is truncated or another format; download it again");
      first_.push_back(count_);
      count_ += size / kRecord;
    }
    read_labels();
  }

  int64_t count() const override { return count_; }

  Image load(int64_t i) const override {
    const size_t b = batch_of(i);
    std::vector<uint8_t> planes(3 * kPlane);
    batches_[b].read((i - first_[b]) * kRecord + 1, planes);
    Image image{kSide, kSide, 3, std::vector<uint8_t>(3 * kPlane)};
    for (int64_t p = 0; p < kPlane; ++p) {
      for (int64_t c = 0; c < 3; ++c) {
        image.pixels[static_cast<size_t>(p * 3 + c)] = planes[static_cast<size_t>(c * kPlane + p)];
      }
    }
    return image;
  }

  std::string name(int64_t i) const override {
    const size_t b = batch_of(i);
    return message(files_[b].filename().string(), ":", i - first_[b]);
  }

  int32_t label(int64_t i) const override { return labels_[static_cast<size_t>(i)]; }
  std::vector<std::string> label_names() const override { return label_names_; }
  int64_t default_channels() const override { return 3; }

  std::string fingerprint() const override {
    NameHash hash;
    hash.add(watched_names_.text());
    for (size_t k = 0; k < files_.size(); ++k) {
      hash.add(files_[k].filename().string());
      hash.add(watched_[k].text());
    }
    return message("cifar ", hash.hex());
  }

 private:
  size_t batch_of(int64_t i) const {
    return static_cast<size_t>(std::upper_bound(first_.begin(), first_.end(), i) - first_.begin() -
                               1);
  }

  // In pieces, since labels are far apart and their number depends on the file.
  void read_labels() {
    constexpr int64_t kAtOnce = 256;
    std::vector<uint8_t> records;
    for (size_t b = 0; b < batches_.size(); ++b) {
      const int64_t count = batches_[b].size() / kRecord;
      for (int64_t i = 0; i < count; i += kAtOnce) {
        records.resize(static_cast<size_t>(std::min(kAtOnce, count - i) * kRecord));
        batches_[b].read(i * kRecord, records);
        for (size_t at = 0; at < records.size(); at += kRecord) {
          PG_CHECK(records[at] < kClasses, FormatError, files_[b].string(), " has the label ",
                   int{records[at]}, " in a record; expected 0 to ", kClasses - 1,
                   ", as in the binary version of CIFAR-10");
          labels_.push_back(records[at]);
        }
      }
    }
  }

  std::vector<fs::path> files_;
  std::vector<WatchedFile> watched_;
  WatchedFile watched_names_;
  std::vector<ReadFile> batches_;
  std::vector<uint8_t> labels_;
  std::vector<int64_t> first_;  // number of the first image of each file
  int64_t count_ = 0;
  std::vector<std::string> label_names_;
};

}  // namespace

std::unique_ptr<ImageSource> open_cifar_source(const std::vector<fs::path>& files) {
  return std::make_unique<CifarSource>(files);
}

}  // namespace pg
