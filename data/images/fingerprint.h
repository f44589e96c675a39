// fingerprint.h: 224 bytes of an image that identify similar ones.
#pragma once

#include <array>
#include <cstdint>

#include "data/images/image.h"

namespace pg {

inline constexpr int64_t kThumbnailSide = 8;

struct Fingerprint {
  int64_t image = 0;  // its number in the source

  // No sample of a channel (over black) differs by more than 4 from another.
  bool single_colour = false;

  // Hash of extents, channels and all samples: equal for equal images in any file format.
  uint64_t pixels = 0;

  // dHash: bit 8 y + x is set if cell (y, x + 1) of an 8 x 9 reduction to gray is brighter than
  // cell (y, x). Robust to scaling, compression and changes of brightness.
  uint64_t gradient = 0;

  // The mean colours of 8 x 8 parts, RGB over black, rows first.
  std::array<uint8_t, 3 * kThumbnailSide* kThumbnailSide> thumbnail = {};
};

// Everything except `image`.
Fingerprint fingerprint_of(const Image& image);

}  // namespace pg
