// duplicates.h: exact and near duplicates in a set of images.
//
// Near duplicates are found without comparing all pairs: if two hashes of 64 bits differ in at most
// three, one of their four bands of 16 bits is equal, and often also with a few more. Images are
// sorted by each band in turn; those with an equal band are compared with the next ones in order.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "data/images/fingerprint.h"

namespace pg {

struct NearPair {
  int64_t a = 0, b = 0;   // numbers of images, a < b
  double difference = 0;  // mean absolute difference of the thumbnails, 0 to 255
};

struct Duplicates {
  // Images with the same pixels, each group in order; at most kMostGroups of them.
  static constexpr size_t kMostGroups = 10000;
  std::vector<std::vector<int64_t>> exact;
  int64_t copies = 0;  // images that equal an earlier one, of all groups

  // Similar pairs that are not equal, most similar first. Of a group of equal images only the first
  // takes part, and no single-coloured image. If there are kMostPairs, more may exist.
  static constexpr size_t kMostPairs = 100000;
  std::vector<NearPair> near;
};

// Limits for near duplicates: at most 10 of 64 bits of the gradient differ, and the mean difference
// of thumbnails is at most 5 of 255 and an eighth of the lower mean absolute deviation. (Scaled or
// recompressed copies differ by less than 1.)
inline constexpr int kMostGradientBits = 10;
inline constexpr double kMostDifference = 5.0, kMostOfContrast = 0.125;

// Images in the order of their numbers. Memory: 8 bytes per image besides the fingerprints; time
// grows as N log N. `alive` is called regularly; an exception ends the search.
Duplicates find_duplicates(std::span<const Fingerprint> images,
                           const std::function<void()>& alive = {});

}  // namespace pg
