// value_range.h: the samples of images that become 0 to 255.
//
// A scanner of 12 bits stores 0 to 4095 in files of 16 bits: 0 to 15 of 255, almost black.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/images/image.h"

namespace pg {

// full: all that the files can hold (16 bits keep their upper byte); automatic: from the smallest
// to the largest sample of the set, measured; given: low to high, as stored in the files.
struct ValueRange {
  enum class Kind { full, automatic, given };
  Kind kind = Kind::full;
  int64_t low = 0, high = 0;
  bool operator==(const ValueRange&) const = default;
};

// "full", "auto" or "LOW-HIGH". Throws UsageError; `what` names the option or key.
ValueRange parse_range(std::string_view text, std::string_view what);
std::string text_of(const ValueRange& range);

// The colour samples of an image as stored, without alpha.
struct ImageValues {
  int low = 0, high = 0;  // the smallest and the largest
  int most = 255;         // 65535 for 16 bits
  bool single_colour = false;
  bool gray = false;         // one colour channel, or equal ones
  bool transparent = false;  // in some pixel
};
ImageValues values_of(const Image& image);

// Replaces the colour samples s by round(255 (s - low) / (high - low)), limited to 0..255, in an
// image of 8 or 16 bits. `range` is not automatic; full changes nothing.
void apply_range(Image& image, const ValueRange& range);

}  // namespace pg
