// dataset.cpp: open, check and verify.
#include "data/sets/dataset.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "data/files/crc32.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kChunk = int64_t{64} << 20;

NpyFile open_checked(const std::filesystem::path& path, const NpyHeader& expected) {
  NpyFile file(path);
  PG_CHECK(file.type() == expected.type && file.shape() == expected.shape, FormatError,
           path.string(),
           " does not have the shape that dataset.json gives; build the data set again");
  return file;
}

}  // namespace

Dataset::Dataset(const std::filesystem::path& folder)
    : folder_(folder), manifest_(read_manifest(folder)) {
  for (int64_t r = kMinResolution; r <= max_resolution(); r *= 2) {
    levels_.push_back(
        open_checked(folder_ / level_file_name(r), {NpyType::u8, {count(), r, r, channels()}}));
  }
  label_file_ = open_checked(folder_ / "labels.npy", {NpyType::i32, {count()}});
  labels_.resize(static_cast<size_t>(count()));
  label_file_.read(0, labels_);
  const int64_t classes = std::max<int64_t>(label_count(), 1);
  for (const int32_t label : labels_) {
    PG_CHECK(label >= 0 && label < classes, FormatError, (folder_ / "labels.npy").string(),
             " has the label ", label, "; expected 0 to ", classes - 1,
             "; build the data set again");
  }
}

void Dataset::check_resolution(int64_t resolution) const {
  PG_CHECK(is_resolution(resolution) && resolution <= max_resolution(), UsageError, "the data set ",
           folder_.string(), " has no images of ", resolution, "x", resolution,
           "; choose a power of two from 4 to ", max_resolution());
}

const NpyFile& Dataset::level(int64_t resolution) const {
  check_resolution(resolution);
  const int level = std::countr_zero(static_cast<uint64_t>(resolution / kMinResolution));
  return levels_[static_cast<size_t>(level)];
}

void Dataset::read_image(int64_t resolution, int64_t i, std::span<uint8_t> pixels) const {
  PG_ASSERT(i >= 0 && i < count());
  const int64_t size = resolution * resolution * channels();
  PG_ASSERT(static_cast<int64_t>(pixels.size()) == size);
  level(resolution).read(i * size, pixels);
}

std::vector<uint8_t> Dataset::image(int64_t resolution, int64_t i) const {
  check_resolution(resolution);
  std::vector<uint8_t> pixels(static_cast<size_t>(resolution * resolution * channels()));
  read_image(resolution, i, pixels);
  return pixels;
}

void Dataset::verify(const std::function<void(double)>& progress) const {
  std::vector<std::pair<std::string, const ReadFile*>> files;
  files.emplace_back("labels.npy", &label_file_.file());
  int64_t r = kMinResolution;
  for (const NpyFile& level : levels_) {
    files.emplace_back(level_file_name(r), &level.file());
    r *= 2;
  }
  int64_t total = 0, done = 0;
  for (const auto& [name, file] : files) total += file->size();
  std::vector<uint8_t> chunk;
  for (const auto& [name, file] : files) {
    uint32_t crc = 0;
    for (int64_t at = 0; at < file->size(); at += kChunk) {
      chunk.resize(static_cast<size_t>(std::min(kChunk, file->size() - at)));
      file->read(at, chunk);
      crc = crc32_of(std::as_bytes(std::span(chunk)), crc);
      done += static_cast<int64_t>(chunk.size());
      if (progress) progress(static_cast<double>(done) / static_cast<double>(total));
    }
    const auto listed = manifest_.files.find(name);
    PG_CHECK(listed != manifest_.files.end() && listed->second.crc32 == crc_text(crc), FormatError,
             (folder_ / name).string(),
             " is damaged: its checksum differs from dataset.json; build the data set again");
  }
}

}  // namespace pg
