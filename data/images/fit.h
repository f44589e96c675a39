// fit.h: how an image that is not square becomes square.
#pragma once

#include <string_view>

namespace pg {

//   crop       the centre square of the smaller side
//   pad        zeros around it: to the next power of two if the target is at least as large as
//              the longer side (28x28 becomes 32x32 without any resampling), else to a square
//   stretch    each side is resampled independently
//   automatic  chosen by the source of the images: idx pad, all others crop
enum class Fit { automatic, crop, pad, stretch };

const char* name_of(Fit fit);  // "auto", "crop", "pad", "stretch"

// Inverse of name_of. Throws UsageError naming the choices.
Fit parse_fit(std::string_view name);

}  // namespace pg
