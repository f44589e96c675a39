// dataset.h: a built data set, whose images are read on demand.
//
// Only classes are held in memory, so sets may be far larger than it. A file truncated while open
// is an error; a mapped file would crash the program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/formats/npy.h"
#include "data/sets/manifest.h"

namespace pg {

// built: by the user, with `dataset build`, which numbered the classes; cached: by the program,
// which can build it again.
enum class Origin { built, cached };

class Dataset {
 public:
  // Opens a folder made by build_dataset; the shape and length of every file are compared with
  // dataset.json. Classes of a cached set are in the order of natural_less if an older program has
  // sorted them byte by byte. Throws IoError, FormatError.
  explicit Dataset(const std::filesystem::path& folder, Origin origin = Origin::built);
  ~Dataset();
  Dataset(Dataset&&) noexcept;
  Dataset& operator=(Dataset&&) noexcept;

  int64_t count() const { return manifest_.count; }
  int64_t channels() const { return manifest_.channels; }
  int64_t max_resolution() const { return manifest_.resolution; }
  int64_t label_count() const { return static_cast<int64_t>(manifest_.label_names.size()); }
  const Manifest& manifest() const { return manifest_; }
  const std::filesystem::path& folder() const { return folder_; }
  Origin origin() const { return origin_; }

  // Class 0..label_count() - 1 of image i; 0 without classes.
  int32_t label(int64_t i) const { return labels_[static_cast<size_t>(i)]; }

  // Numbers the classes again: class i is names[i]. False, and nothing changes, if `names` are not
  // those of the set in some order, each once.
  bool order_classes(std::span<const std::string> names);

  // Throws UsageError for a resolution that is not a power of two from 4 to max_resolution().
  void check_resolution(int64_t resolution) const;

  // Reads image i, [R, R, C], values 0..255, into `pixels`, which has exactly that size.
  // Thread-safe. Throws as above, IoError if the file has become unreadable, FormatError after
  // set_damaged().
  void read_image(int64_t resolution, int64_t i, std::span<uint8_t> pixels) const;
  std::vector<uint8_t> image(int64_t resolution, int64_t i) const;

  // Reads every byte and compares checksums. `progress` receives the share done, 0 to 1, after each
  // 256 KiB. Throws FormatError naming the first file that differs.
  void verify(const std::function<void(double)>& progress = {}) const;

  // The same for the file of one resolution, and for labels.npy. `alive` is called after each 256
  // KiB; an exception ends the check. Thread-safe.
  void verify_level(int64_t resolution, const std::function<void()>& alive = {}) const;
  void verify_labels() const;
  int64_t level_bytes(int64_t resolution) const { return level(resolution).file().size(); }

  // Kept for as long as the set is open: its place in a cache (cache_list.h).
  void hold(std::shared_ptr<void> held) { held_ = std::move(held); }

  // From now on, read_image() throws FormatError with this text: damage found by another thread.
  void set_damaged(const std::string& text) const;

 private:
  struct Damage;

  const NpyFile& level(int64_t resolution) const;
  void verify_file(const std::string& name, const ReadFile& file,
                   const std::function<void(int64_t)>& alive) const;

  std::filesystem::path folder_;
  Origin origin_;
  Manifest manifest_;
  std::unique_ptr<Damage> damage_;
  std::shared_ptr<void> held_;

  std::vector<NpyFile> levels_;  // 4x4 first
  NpyFile label_file_;
  std::vector<int32_t> labels_;
};

}  // namespace pg
