// tfrecord_example.h: images in the records of the official data sets.
#pragma once

#include <cstdint>
#include <span>

#include "data/images/image.h"

namespace pg {

// The image of a tf.train.Example with the features "shape", int64 [C, H, W] with 1 <= C <= 4, and
// "data", C H W unsigned bytes; the result is interleaved. Throws FormatError for any other bytes.
Image image_of_example(std::span<const uint8_t> example);

}  // namespace pg
