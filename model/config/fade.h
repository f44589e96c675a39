// fade.h: a resolution and how far it has faded in.
#pragma once

#include <cstdint>

#include "data/images/resolutions.h"

namespace pg {

// While `resolution` fades in, images are
//   (1 - alpha) * upsampled(images of resolution / 2) + alpha * (images of resolution).
struct Fade {
  int64_t resolution = kMinResolution;
  double alpha = 1.0;  // weight of `resolution`, in [0, 1]; 1 when stable

  bool fading() const { return alpha < 1.0 && resolution > kMinResolution; }
};

}  // namespace pg
