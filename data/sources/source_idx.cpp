// source_idx.cpp: the idx files of MNIST and its relatives, plain (read in place) or gzip (unpacked
// into memory).
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "data/files/file_kind.h"
#include "data/files/file_stamp.h"
#include "data/files/io_error.h"
#include "data/files/memory_budget.h"
#include "data/files/read_file.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr uint8_t kUnsignedByte = 0x08;
constexpr int64_t kDeflateGrowth = 1040;  // slightly above deflate's maximum

bool is_gzip(std::span<const uint8_t> start) {
  return start.size() >= 2 && start[0] == 0x1f && start[1] == 0x8b;
}

using GzHandle = std::unique_ptr<gzFile_s, decltype(&gzclose_r)>;

GzHandle open_gzip(const fs::path& file) {
  ReadFile checked(file);  // gzopen would wait for the writer of a FIFO
  GzHandle handle(gzopen(file.c_str(), "rbe"), &gzclose_r);
  if (handle == nullptr) throw_io_error("read", file, errno);
  gzbuffer(handle.get(), 1 << 17);
  return handle;
}

// The first `count` unpacked bytes; fewer if there are no more.
void read_gzip(gzFile handle, const fs::path& file, int64_t count, std::vector<uint8_t>& bytes) {
  constexpr int64_t kChunk = 1 << 20;
  while (static_cast<int64_t>(bytes.size()) < count) {
    const size_t before = bytes.size();
    const int64_t wanted = std::min(kChunk, count - static_cast<int64_t>(before));
    bytes.resize(before + static_cast<size_t>(wanted));
    const int got = gzread(handle, bytes.data() + before, static_cast<unsigned>(wanted));
    bytes.resize(before + static_cast<size_t>(std::max(got, 0)));
    if (got <= 0) break;
  }
  int error = Z_OK;
  gzerror(handle, &error);
  PG_CHECK(error == Z_OK, FormatError, file.string(), " is a ",
           error == Z_BUF_ERROR ? "truncated" : "damaged", " gzip file; download it again");
}

int64_t big_endian(std::span<const uint8_t> bytes, size_t offset) {
  int64_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value * 256 + bytes[offset + i];
  return value;
}

// An idx file of unsigned bytes with `dimensions` extents, checked against its length.
class IdxArray {
 public:
  std::array<int64_t, 3> shape = {1, 1, 1};

  IdxArray(const fs::path& path, size_t dimensions) : file_(path), offset_(4 + 4 * dimensions) {
    std::vector<uint8_t> start = read_file_start(path, static_cast<int64_t>(offset_));
    if (!is_gzip(start)) {
      const int64_t want = read_shape(start, dimensions);
      check_length(file_.size() - static_cast<int64_t>(offset_), want);
      return;
    }
    const GzHandle handle = open_gzip(path);
    start.clear();
    read_gzip(handle.get(), path, static_cast<int64_t>(offset_), start);
    unpack(handle.get(), read_shape(start, dimensions));
  }

  // Data from byte `first`. Throws IoError if the file was truncated since it was opened.
  void read(int64_t first, std::span<uint8_t> out) const {
    if (zipped_) {
      std::copy_n(unpacked_.begin() + first, out.size(), out.begin());
    } else {
      file_.read(static_cast<int64_t>(offset_) + first, out);
    }
  }

 private:
  // The number of bytes of data that the header requires.
  int64_t read_shape(const std::vector<uint8_t>& all, size_t dimensions) {
    const std::string name = file_.path().string();
    PG_CHECK(all.size() >= 4 && all[0] == 0 && all[1] == 0 && all[2] == kUnsignedByte &&
                 all[3] == dimensions,
             FormatError, name, " is not an idx file of unsigned bytes with ", dimensions,
             " dimensions; use the original file");
    PG_CHECK(all.size() >= offset_, FormatError, name,
             " is truncated within its idx header; download it again");
    int64_t want = 1;
    for (size_t d = 0; d < dimensions; ++d) {
      shape[d] = big_endian(all, 4 + 4 * d);
      PG_CHECK(shape[d] > 0 && !__builtin_mul_overflow(want, shape[d], &want), FormatError, name,
               " has an impossible extent ", shape[d], " in its idx header; download it again");
    }
    return want;
  }

  void check_length(int64_t have, int64_t want) const {
    PG_CHECK(have <= want || !zipped_, FormatError, file_.path().string(),
             " has more data than the ", want,
             " bytes that its idx header requires; download it again");
    PG_CHECK(have == want, FormatError, file_.path().string(), " has ", have,
             " bytes of data, but its idx header requires ", want,
             have < want ? ": it is truncated; download it again" : "; download it again");
  }

  // Stops at the declared size: the file may unpack to any number of bytes, and the header may
  // claim any. Memory grows with the data.
  void unpack(gzFile handle, int64_t want) {
    zipped_ = true;
    const std::string name = file_.path().string();
    PG_CHECK(want / kDeflateGrowth <= file_.size(), FormatError, name, " declares ", want,
             " bytes of data in its idx header, more than a gzip file of ", file_.size(),
             " bytes can hold; download it again");
    memory_ = file_budget().keep(want, name);
    unpacked_.reserve(static_cast<size_t>(want) + 1);
    read_gzip(handle, file_.path(), want + 1, unpacked_);
    check_length(static_cast<int64_t>(unpacked_.size()), want);
  }

  ReadFile file_;
  size_t offset_;
  bool zipped_ = false;
  std::vector<uint8_t> unpacked_;
  MemoryBudget::Share memory_;  // of unpacked_
};

// train-images-idx3-ubyte.gz -> train-labels-idx1-ubyte[.gz] in the same folder, else empty.
fs::path labels_beside(const fs::path& images) {
  std::string name = images.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const auto& [from, to] : {std::pair{"images", "labels"}, std::pair{"idx3", "idx1"}}) {
    const size_t at = name.rfind(from);
    if (at == std::string::npos) return {};
    name.replace(at, std::string_view(from).size(), to);
  }
  for (const char* ending : {".gz", ""}) {
    const fs::path file = images.parent_path() / (name + ending);
    if (is_file(file)) return file;
  }
  return {};
}

class IdxSource : public ImageSource {
 public:
  explicit IdxSource(const fs::path& file)
      : file_(file),
        labels_file_(labels_beside(file)),
        watched_(file),
        watched_labels_(labels_file_),
        images_(file, 3) {
    PG_CHECK(images_.shape[1] * images_.shape[2] <= kMaxPixels, FormatError, file.string(),
             " has images of more than ", kMaxPixels, " pixels; make them smaller");
    if (labels_file_.empty()) return;
    labels_ = std::make_unique<IdxArray>(labels_file_, 1);
    PG_CHECK(labels_->shape[0] == count(), FormatError, labels_file_.string(), " has ",
             labels_->shape[0], " labels for the ", count(), " images of ", file.string(),
             "; use files that belong together");
    classes_ = 1 + largest_label();
  }

  int64_t count() const override { return images_.shape[0]; }

  Image load(int64_t i) const override {
    const int64_t size = images_.shape[1] * images_.shape[2];
    Image image = new_image(images_.shape[1], images_.shape[2], 1, name(i));
    images_.read(i * size, image.pixels);
    return image;
  }

  std::string name(int64_t i) const override { return message(file_.filename().string(), ":", i); }

  int32_t label(int64_t i) const override {
    uint8_t label = 0;
    if (labels_ == nullptr) return 0;
    labels_->read(i, {&label, 1});
    PG_CHECK(label < classes_, IoError, labels_file_.string(),
             " was changed while it was read; try again with a file that nobody writes");
    return label;
  }

  std::vector<std::string> label_names() const override {
    std::vector<std::string> names;
    for (int k = 0; k < classes_; ++k) names.push_back(std::to_string(k));
    return names;
  }

  std::string fingerprint() const override {
    return message("idx ", watched_.text(), " ", watched_labels_.text());
  }

  int64_t default_channels() const override { return 1; }
  Fit default_fit() const override { return Fit::pad; }

 private:
  int largest_label() const {
    constexpr int64_t kChunk = 1 << 16;
    std::vector<uint8_t> chunk;
    uint8_t largest = 0;
    for (int64_t at = 0; at < count(); at += kChunk) {
      chunk.resize(static_cast<size_t>(std::min(kChunk, count() - at)));
      labels_->read(at, chunk);
      largest = std::max(largest, *std::max_element(chunk.begin(), chunk.end()));
    }
    return largest;
  }

  fs::path file_, labels_file_;
  WatchedFile watched_, watched_labels_;
  IdxArray images_;
  std::unique_ptr<IdxArray> labels_;
  int classes_ = 0;
};

}  // namespace

bool is_idx_images(const fs::path& file) {
  std::vector<uint8_t> start = read_file_start(file, 4);
  if (is_gzip(start)) {
    const GzHandle handle = open_gzip(file);
    start.resize(4);
    if (gzread(handle.get(), start.data(), 4) != 4)
      return file.string().find("idx") != std::string::npos;
  }
  return start == std::vector<uint8_t>{0, 0, kUnsignedByte, 3};
}

std::unique_ptr<ImageSource> open_idx_source(const fs::path& file) {
  return std::make_unique<IdxSource>(file);
}

}  // namespace pg
