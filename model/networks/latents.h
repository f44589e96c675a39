// latents.h: latents as drawn by the official scripts, for which imported official weights give the
// published images and videos.
#pragma once

#include <cstdint>
#include <vector>

namespace pg {

// The first `count` numbers of numpy.random.RandomState(seed).randn: Mersenne Twister, and the
// polar method of Marsaglia on 53-bit uniform numbers. seed < 2^32.
std::vector<double> numpy_randn(uint32_t seed, int64_t count);

// Latents of an interpolation video [frames, rest...] (official util_scripts): each number is
// smoothed over time by a Gaussian of sigma frames, like scipy.ndimage.gaussian_filter with
// mode="wrap" (cut off at 4 sigma), then all are divided by their common root mean square. The
// video loops. sigma 0: no smoothing.
void smooth_over_time(std::vector<double>& latents, int64_t frames, double sigma);

}  // namespace pg
