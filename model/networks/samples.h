// samples.h: pictures of what a generator makes.
#pragma once

#include <filesystem>

#include "data/images/image.h"
#include "data/sets/dataset.h"
#include "model/networks/generator.h"

namespace pg {

// Images [N, R, R, C] in about -1 .. 1 as bytes: round(127.5 x + 127.5), saturated (the official
// conversion).
std::vector<Image> to_images(const Tensor& x);

// Row i depends on (seed + i) alone: z ~ N(0, 1), [count, 1, 1, latent].
Tensor seeded_latents(Context& context, const Config& config, uint64_t seed, int64_t count);

// One-hot labels of a grid with a class in each row: row % classes; empty for unconditional models.
Tensor grid_labels(Context& context, const Config& config, int64_t rows, int64_t columns);

// x in memory that stays, so that between iterations nothing is left in that of steps; empty for
// none.
Tensor kept(const Tensor& x);

// Rows x columns images of `generator` from the latents 0, 1, ... (row-major), each pixel repeated
// so that they have the final resolution, as one picture.
struct GridOptions {
  int64_t rows = 8, columns = 8;
  Fade fade;            // at which to generate
  int64_t show_at = 4;  // pixels of each image in the picture, a multiple of fade.resolution
  int64_t batch = 16;   // images generated at a time
};
// For a picture of a run: pictures have the final size from the start, so
// no more images are made at a time than are trained at a time at the final resolution.
GridOptions sample_options(const Config& config, const Fade& fade);
// Images `first` to `first` + batch - 1 of it, or as many as there are, on the device
// [n, show_at, show_at, C].
Tensor some_samples(const Generator& generator, const ParameterStore& parameters, const Tensor& z,
                    const Tensor& labels, const GridOptions& o, int64_t first);
Image sample_grid(const Generator& generator, const ParameterStore& parameters, const Tensor& z,
                  const Tensor& labels, const GridOptions& o);

// The first rows x columns images of a shuffled data set.
Image reals_grid(const Dataset& dataset, const GridOptions& o, uint64_t seed);

}  // namespace pg
