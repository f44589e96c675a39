// duplicates.h: images that a set holds more than once, exactly or nearly.
//
// Near ones are found without comparing all with all: of 64 bits that differ in three places or
// fewer, at least one of four bands of 16 bits is equal, and often so with a few more. Images are
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

  // Pairs that look alike without being equal, most alike first. Of a group of equal images only
  // the first takes part, and none of a single colour. kMostPairs of them: there are more.
  static constexpr size_t kMostPairs = 100000;
  std::vector<NearPair> near;
};

// How alike near ones are: at most 10 of 64 bits of the gradient differ, and thumbnails by a mean
// of 5 of 255 or an eighth of the less contrasty one's mean deviation from its mean. (Copies that
// were scaled or compressed again differ by less than 1.)
inline constexpr int kMostGradientBits = 10;
inline constexpr double kMostDifference = 5.0, kMostOfContrast = 0.125;

// Images in the order of their numbers. Memory: 8 bytes an image besides the fingerprints; time
// grows as N log N. `alive` is called now and then; what it throws ends the search.
Duplicates find_duplicates(std::span<const Fingerprint> images,
                           const std::function<void()>& alive = {});

}  // namespace pg
