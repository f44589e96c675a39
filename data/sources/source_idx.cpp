// source_idx.cpp: the idx files of MNIST and its relatives, plain (mapped) or gzip (unpacked into
// memory).
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "data/files/io_error.h"
#include "data/files/read_file.h"
#include "data/sources/source.h"
#include "kernels/error.h"

namespace pg {
namespace fs = std::filesystem;
namespace {

constexpr uint8_t kUnsignedByte = 0x08;

bool is_gzip(std::span<const uint8_t> start) {
  return start.size() >= 2 && start[0] == 0x1f && start[1] == 0x8b;
}

using GzHandle = std::unique_ptr<gzFile_s, decltype(&gzclose_r)>;

GzHandle open_gzip(const fs::path& file) {
  GzHandle handle(gzopen(file.c_str(), "rbe"), &gzclose_r);
  if (handle == nullptr) throw_io_error("read", file, errno);
  gzbuffer(handle.get(), 1 << 17);
  return handle;
}

// Grows with the data read, never with a length that a header claims.
std::vector<uint8_t> read_gzip(const fs::path& file) {
  constexpr unsigned kChunk = 1 << 20;
  const GzHandle handle = open_gzip(file);
  std::vector<uint8_t> bytes;
  while (true) {
    const size_t before = bytes.size();
    bytes.resize(before + kChunk);
    const int got = gzread(handle.get(), bytes.data() + before, kChunk);
    bytes.resize(before + static_cast<size_t>(std::max(got, 0)));
    if (got == 0 || got < 0) break;
  }
  int error = Z_OK;
  gzerror(handle.get(), &error);
  PG_CHECK(error == Z_OK, FormatError, file.string(), " is a ",
           error == Z_BUF_ERROR ? "truncated" : "damaged", " gzip file; download it again");
  return bytes;
}

// The bytes of a file, mapped or unpacked.
class Bytes {
 public:
  explicit Bytes(const fs::path& file) {
    if (is_gzip(read_file_start(file, 2))) {
      unpacked_ = read_gzip(file);
    } else {
      mapped_ = MappedFile(file);
    }
  }
  std::span<const uint8_t> span() const {
    return unpacked_.empty() ? mapped_.bytes() : std::span<const uint8_t>(unpacked_);
  }

 private:
  MappedFile mapped_;
  std::vector<uint8_t> unpacked_;
};

int64_t big_endian(std::span<const uint8_t> bytes, size_t offset) {
  int64_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value * 256 + bytes[offset + i];
  return value;
}

// An idx file of unsigned bytes with `dimensions` extents, checked against its length.
struct IdxArray {
  Bytes bytes;
  std::array<int64_t, 3> shape = {1, 1, 1};
  size_t offset = 0;

  IdxArray(const fs::path& file, size_t dimensions) : bytes(file), offset(4 + 4 * dimensions) {
    const auto all = bytes.span();
    PG_CHECK(all.size() >= 4 && all[0] == 0 && all[1] == 0 && all[2] == kUnsignedByte &&
                 all[3] == dimensions,
             FormatError, file.string(), " is not an idx file of unsigned bytes with ", dimensions,
             " dimensions; use the original file");
    PG_CHECK(all.size() >= offset, FormatError, file.string(),
             " is truncated within its idx header; download it again");
    int64_t want = 1;
    for (size_t d = 0; d < dimensions; ++d) {
      shape[d] = big_endian(all, 4 + 4 * d);
      PG_CHECK(shape[d] > 0 && !__builtin_mul_overflow(want, shape[d], &want), FormatError,
               file.string(), " has an impossible extent ", shape[d],
               " in its idx header; download it again");
    }
    const int64_t have = static_cast<int64_t>(all.size() - offset);
    PG_CHECK(have == want, FormatError, file.string(), " has ", have,
             " bytes of data, but its idx header requires ", want,
             have < want ? ": it is truncated; download it again" : "; download it again");
  }

  const uint8_t* data() const { return bytes.span().data() + offset; }
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
    if (fs::is_regular_file(file)) return file;
  }
  return {};
}

class IdxSource : public ImageSource {
 public:
  explicit IdxSource(const fs::path& file)
      : file_(file), labels_file_(labels_beside(file)), images_(file, 3) {
    PG_CHECK(images_.shape[1] * images_.shape[2] <= kMaxPixels, FormatError, file.string(),
             " has images of more than ", kMaxPixels, " pixels; make them smaller");
    if (labels_file_.empty()) return;
    labels_ = std::make_unique<IdxArray>(labels_file_, 1);
    PG_CHECK(labels_->shape[0] == count(), FormatError, labels_file_.string(), " has ",
             labels_->shape[0], " labels for the ", count(), " images of ", file.string(),
             "; use files that belong together");
    classes_ = 1 + *std::max_element(labels_->data(), labels_->data() + count());
  }

  int64_t count() const override { return images_.shape[0]; }

  Image load(int64_t i) const override {
    const int64_t size = images_.shape[1] * images_.shape[2];
    const uint8_t* first = images_.data() + i * size;
    return {images_.shape[1], images_.shape[2], 1, {first, first + size}};
  }

  std::string name(int64_t i) const override { return message(file_.filename().string(), ":", i); }
  int32_t label(int64_t i) const override { return labels_ == nullptr ? 0 : labels_->data()[i]; }

  std::vector<std::string> label_names() const override {
    std::vector<std::string> names;
    for (int k = 0; k < classes_; ++k) names.push_back(std::to_string(k));
    return names;
  }

  std::string fingerprint() const override {
    return message("idx ", file_stamp(file_), " ",
                   labels_file_.empty() ? "" : file_stamp(labels_file_));
  }

  int64_t default_channels() const override { return 1; }
  Fit default_fit() const override { return Fit::pad; }

 private:
  fs::path file_, labels_file_;
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
