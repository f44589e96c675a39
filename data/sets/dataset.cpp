// dataset.cpp: open, check and verify.
#include "data/sets/dataset.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "data/files/crc32.h"
#include "data/files/natural_order.h"
#include "data/images/resolutions.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kChunk = int64_t{256} << 10;

NpyFile open_checked(const std::filesystem::path& path, const NpyHeader& expected) {
  NpyFile file(path);
  PG_CHECK(file.type() == expected.type && file.shape() == expected.shape, FormatError,
           path.string(),
           " does not have the shape that dataset.json gives; build the data set again");
  return file;
}

}  // namespace

struct Dataset::Damage {
  std::atomic<bool> found = false;
  std::mutex mutex;
  std::string text;
};

Dataset::Dataset(const std::filesystem::path& folder, Origin origin)
    : folder_(folder),
      origin_(origin),
      manifest_(read_manifest(folder)),
      damage_(std::make_unique<Damage>()) {
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
  std::vector<std::string> names = manifest_.label_names;
  if (origin_ == Origin::cached && std::is_sorted(names.begin(), names.end())) {
    std::sort(names.begin(), names.end(), natural_less);
    order_classes(names);
  }
}

bool Dataset::order_classes(std::span<const std::string> names) {
  std::map<std::string_view, int32_t> numbers;
  for (const std::string& name : names) numbers.emplace(name, static_cast<int32_t>(numbers.size()));
  std::vector<int32_t> changed;
  for (const std::string& name : manifest_.label_names) {
    const auto number = numbers.find(name);
    if (number == numbers.end()) return false;
    changed.push_back(number->second);
  }
  const std::set<int32_t> all(changed.begin(), changed.end());
  if (names.size() != changed.size() || all.size() != changed.size()) return false;
  if (changed.empty()) return true;
  for (int32_t& label : labels_) label = changed[static_cast<size_t>(label)];
  manifest_.label_names.assign(names.begin(), names.end());
  return true;
}

Dataset::~Dataset() = default;
Dataset::Dataset(Dataset&&) noexcept = default;
Dataset& Dataset::operator=(Dataset&&) noexcept = default;

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
  if (damage_->found.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(damage_->mutex);
    throw FormatError(damage_->text);
  }
  level(resolution).read(i * size, pixels);
}

std::vector<uint8_t> Dataset::image(int64_t resolution, int64_t i) const {
  check_resolution(resolution);
  std::vector<uint8_t> pixels(static_cast<size_t>(resolution * resolution * channels()));
  read_image(resolution, i, pixels);
  return pixels;
}

void Dataset::verify(const std::function<void(double)>& progress) const {
  int64_t total = label_file_.file().size(), done = 0;
  for (const NpyFile& level : levels_) total += level.file().size();
  const auto alive = [&](int64_t bytes) {
    done += bytes;
    if (progress) progress(static_cast<double>(done) / static_cast<double>(total));
  };
  verify_file("labels.npy", label_file_.file(), alive);
  int64_t r = kMinResolution;
  for (const NpyFile& level : levels_) {
    verify_file(level_file_name(r), level.file(), alive);
    r *= 2;
  }
}

void Dataset::verify_level(int64_t resolution, const std::function<void()>& alive) const {
  verify_file(level_file_name(resolution), level(resolution).file(), [&](int64_t) {
    if (alive) alive();
  });
}

void Dataset::verify_labels() const {
  verify_file("labels.npy", label_file_.file(), [](int64_t) {});
}

void Dataset::verify_file(const std::string& name, const ReadFile& file,
                          const std::function<void(int64_t)>& alive) const {
  std::vector<uint8_t> chunk(static_cast<size_t>(std::min(kChunk, file.size())));
  uint32_t crc = 0;
  for (int64_t at = 0; at < file.size(); at += kChunk) {
    chunk.resize(static_cast<size_t>(std::min(kChunk, file.size() - at)));
    file.read(at, chunk);
    crc = crc32_of(std::as_bytes(std::span(chunk)), crc);
    alive(static_cast<int64_t>(chunk.size()));
  }
  const auto listed = manifest_.files.find(name);
  PG_CHECK(listed != manifest_.files.end() && listed->second.crc32 == crc_text(crc), FormatError,
           (folder_ / name).string(), " is damaged: its checksum differs from dataset.json; ",
           origin_ == Origin::built ? "build the data set again" : "the cache builds it again");
}

void Dataset::set_damaged(const std::string& text) const {
  const std::lock_guard lock(damage_->mutex);
  damage_->text = text;
  damage_->found.store(true, std::memory_order_relaxed);
}

}  // namespace pg
