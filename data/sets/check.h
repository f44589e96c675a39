// check.h: contents and problems of a set of images, before training.
//
// Every image is decoded once, in parallel. Memory is constant except for a fingerprint of 224
// bytes per image (232 during the search for duplicates).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "data/sets/build.h"
#include "data/sets/duplicates.h"
#include "data/sources/source.h"

namespace pg {

struct CheckOptions {
  int64_t resolution = 0;  // counts images that `fit` enlarges to it; 0: none
  Fit fit = Fit::crop;     // not automatic
  int64_t threads = 0;     // 0: one per processor
  // Called from the calling thread, at most ten times a second and at the end. An exception ends
  // the check.
  std::function<void(const BuildProgress&)> progress = {};
};

// Images with some property: all are counted, the first kMost listed.
struct Listed {
  static constexpr size_t kMost = 10000;
  int64_t count = 0;
  std::vector<int64_t> images;

  void add(int64_t image);
};

struct SizeCounts {
  struct Extreme {
    int64_t image = -1, width = 0, height = 0;
  };
  Extreme smallest, largest;  // by the shorter side; by the number of pixels
  int64_t not_square = 0, below_resolution = 0;
  Listed thin;  // one side at least four times as long as the other
  // By width and height; images of sizes beyond the first kMostSizes are only counted.
  static constexpr size_t kMostSizes = 10000;
  std::map<std::pair<int64_t, int64_t>, int64_t> count_of;
  int64_t other_sizes = 0;
  std::map<int64_t, int64_t> by_shorter_side;  // by the largest power of two not above it
};

struct CheckReport {
  int64_t images = 0, usable = 0, ignored_files = 0;
  int64_t broken_count = 0;
  std::vector<Rejected> broken;  // the first Listed::kMost, without their name in the reason

  std::map<std::string, int64_t> formats;  // by content: "JPEG" ... "raw"
  std::map<std::string, int64_t> colours;  // "gray", "RGB", "palette", "CMYK"
  int64_t with_alpha = 0, of_16_bits = 0, turned = 0, animated = 0;
  Listed wrong_ending;  // names whose ending does not match the content
  Listed single_colour;
  SizeCounts sizes;
  Duplicates duplicates;
  SetValues values;  // of usable images

  std::vector<std::string> class_names;  // empty: no classes
  std::vector<int64_t> class_counts;     // usable images

  std::vector<int64_t> drawn;  // up to kMostDrawn usable images, spread evenly
  static constexpr int64_t kMostDrawn = 96;
};

// Reads all of `source`. Throws UsageError for options out of range; unreadable images are part of
// the report.
CheckReport check_images(const ImageSource& source, const CheckOptions& options);

}  // namespace pg
