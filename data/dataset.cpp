// dataset.cpp: open, check and verify.
#include "data/dataset.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "data/npy_writer.h"
#include "data/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr size_t kChunk = size_t{64} << 20;

MappedNpy open_checked(const std::filesystem::path& path, const NpyHeader& expected) {
  MappedNpy file(path);
  PG_CHECK(file.type() == expected.type && file.shape() == expected.shape, FormatError,
           path.string(), " has another shape than dataset.json says; build the dataset again");
  return file;
}

}  // namespace

Dataset::Dataset(const std::filesystem::path& folder)
    : folder_(folder), manifest_(read_manifest(folder)) {
  for (int64_t r = kMinResolution; r <= max_resolution(); r *= 2) {
    levels_.push_back(
        open_checked(folder_ / level_file_name(r), {NpyType::u8, {count(), r, r, channels()}}));
  }
  labels_ = open_checked(folder_ / "labels.npy", {NpyType::i32, {count()}});
  const int64_t classes = std::max<int64_t>(label_count(), 1);
  for (const int32_t label : labels_.i32()) {
    PG_CHECK(label >= 0 && label < classes, FormatError, (folder_ / "labels.npy").string(),
             " has the label ", label, " but there are ", classes,
             " classes; build the dataset again");
  }
}

std::span<const uint8_t> Dataset::images(int64_t resolution) const {
  PG_CHECK(is_resolution(resolution) && resolution <= max_resolution(), UsageError, "the dataset ",
           folder_.string(), " has no images of ", resolution, "x", resolution,
           "; choose a power of two from 4 to ", max_resolution());
  const int level = std::countr_zero(static_cast<uint64_t>(resolution / kMinResolution));
  return levels_[static_cast<size_t>(level)].u8();
}

std::span<const uint8_t> Dataset::image(int64_t resolution, int64_t i) const {
  PG_ASSERT(i >= 0 && i < count());
  const size_t size = static_cast<size_t>(resolution * resolution * channels());
  return images(resolution).subspan(static_cast<size_t>(i) * size, size);
}

void Dataset::verify(const std::function<void(double)>& progress) const {
  std::vector<std::pair<std::string, std::span<const uint8_t>>> files;
  files.emplace_back("labels.npy", labels_.file_bytes());
  int64_t r = kMinResolution;
  for (const MappedNpy& level : levels_) {
    files.emplace_back(level_file_name(r), level.file_bytes());
    r *= 2;
  }
  size_t total = 0, done = 0;
  for (const auto& [name, bytes] : files) total += bytes.size();
  for (const auto& [name, bytes] : files) {
    uint32_t crc = 0;
    for (size_t at = 0; at < bytes.size(); at += kChunk) {
      const auto chunk = bytes.subspan(at, std::min(kChunk, bytes.size() - at));
      crc = crc32_of(std::as_bytes(chunk), crc);
      done += chunk.size();
      if (progress) progress(static_cast<double>(done) / static_cast<double>(total));
    }
    const auto listed = manifest_.files.find(name);
    PG_CHECK(listed != manifest_.files.end() && listed->second.crc32 == crc32_text(crc),
             FormatError, (folder_ / name).string(),
             " does not have the checksum of dataset.json, it is damaged; build the dataset again");
  }
}

}  // namespace pg
