// dataset.h: a built data set, whose images are read on demand.
//
// Only classes are held in memory, so sets may be far larger than it. A file truncated while open
// is an error; a mapped file would crash the program.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "data/formats/npy.h"
#include "data/sets/manifest.h"

namespace pg {

class Dataset {
 public:
  // Opens a folder made by build_dataset; the shape and length of every file are compared with
  // dataset.json. Throws IoError, FormatError.
  explicit Dataset(const std::filesystem::path& folder);

  int64_t count() const { return manifest_.count; }
  int64_t channels() const { return manifest_.channels; }
  int64_t max_resolution() const { return manifest_.resolution; }
  int64_t label_count() const { return static_cast<int64_t>(manifest_.label_names.size()); }
  const Manifest& manifest() const { return manifest_; }
  const std::filesystem::path& folder() const { return folder_; }

  // Class 0..label_count() - 1 of image i; 0 without classes.
  int32_t label(int64_t i) const { return labels_[static_cast<size_t>(i)]; }

  // Throws UsageError for a resolution that is not a power of two from 4 to max_resolution().
  void check_resolution(int64_t resolution) const;

  // Reads image i, [R, R, C], values 0..255, into `pixels`, which has exactly that size.
  // Thread-safe. Throws as above, and IoError if the file has become unreadable.
  void read_image(int64_t resolution, int64_t i, std::span<uint8_t> pixels) const;
  std::vector<uint8_t> image(int64_t resolution, int64_t i) const;

  // Reads every byte and compares checksums. `progress` receives the share done, 0 to 1, after each
  // 64 MiB. Throws FormatError naming the first file that differs.
  void verify(const std::function<void(double)>& progress = {}) const;

 private:
  std::filesystem::path folder_;
  Manifest manifest_;
  const NpyFile& level(int64_t resolution) const;

  std::vector<NpyFile> levels_;  // 4x4 first
  NpyFile label_file_;
  std::vector<int32_t> labels_;
};

}  // namespace pg
