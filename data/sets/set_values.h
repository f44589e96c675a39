// set_values.h: what the samples of a whole set say about its settings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/images/background.h"
#include "data/images/fit.h"
#include "data/images/value_range.h"
#include "data/sources/source.h"

namespace pg {

struct SetValues {
  int64_t images = 0, single_colour = 0, gray = 0, transparent = 0, of_16_bits = 0;
  int64_t enlarged = 0;                  // images with fewer pixels than were wanted
  int low = 65535, high = 0;             // as stored
  double low_share = 1, high_share = 0;  // of what a sample can hold

  void add(const ImageValues& values);
};

// Up to 256 images, spread evenly over the source.
SetValues sample_values(const ImageSource& source);

// The range of samples, measured if it is automatic: two shares of what a sample can hold.
struct Shares {
  double low = 0, high = 1;
};

// Whether `fit` gives an image of these extents more pixels than it has.
bool is_enlarged(int64_t height, int64_t width, int64_t resolution, Fit fit);

// `range` for an image with samples up to `most`.
ValueRange range_for(const ValueRange& range, const Shares& measured, int most);

// Sentences about values that make poor training data, each with its remedy: values in a small part
// of their range, images of a single colour, gray images in several channels, transparent parts,
// enlarged images. The options are those that were used.
struct ValueOptions {
  int64_t channels = 3, resolution = 0;
  ValueRange range = {};
  Background background = {};
};
std::vector<std::string> advice_on(const SetValues& values, const ValueOptions& options);

}  // namespace pg
