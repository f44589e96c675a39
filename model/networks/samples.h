// samples.h: grids of generated and real images.
#pragma once

#include <filesystem>

#include "data/images/image.h"
#include "data/sets/dataset.h"
#include "model/networks/generator.h"

namespace pg {

// Images [N, R, R, C] of about -1 .. 1 as bytes: round(127.5 x + 127.5), clamped (the official
// conversion).
std::vector<Image> to_images(const Tensor& x);

// z ~ N(0, 1), [count, 1, 1, latent]. Row i depends on seed + i alone.
Tensor seeded_latents(Context& context, const Config& config, uint64_t seed, int64_t count);

// One-hot labels of a grid with one class per row, row % classes; empty for unconditional models.
Tensor grid_labels(Context& context, const Config& config, int64_t rows, int64_t columns);

// A copy of x in persistent memory, since step memory is empty between iterations; empty if x is.
Tensor kept(const Tensor& x);

// A grid of rows x columns images of a generator from the latents 0, 1, ... (row-major), with
// pixels repeated up to the size show_at.
struct GridOptions {
  int64_t rows = 8, columns = 8;
  Fade fade;            // at which to generate
  int64_t show_at = 4;  // size of each image in the grid, a multiple of fade.resolution
  int64_t batch = 16;   // images generated at a time
};
// For a grid of a run. All grids have the final size, so at most as many images are generated at a
// time as are trained at a time at the final resolution.
GridOptions sample_options(const Config& config, const Fade& fade);
// Images `first` to `first` + batch - 1, or to the last, on the device [n, show_at, show_at, C].
Tensor some_samples(const Generator& generator, const ParameterStore& parameters, const Tensor& z,
                    const Tensor& labels, const GridOptions& o, int64_t first);
Image sample_grid(const Generator& generator, const ParameterStore& parameters, const Tensor& z,
                  const Tensor& labels, const GridOptions& o);

// The first rows x columns images of a shuffled data set.
Image reals_grid(const Dataset& dataset, const GridOptions& o, uint64_t seed);

}  // namespace pg
