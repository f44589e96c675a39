// samples.cpp: grids from tensors and data sets.
#include "model/networks/samples.h"

#include <algorithm>
#include <cmath>

#include "data/images/png.h"
#include "data/sets/shuffle.h"
#include "engine/ops/ops.h"
#include "engine/random.h"
#include "model/config/micro_batch.h"

namespace pg {
namespace {

constexpr uint64_t kSampleStream = 1000;  // of each latent's seed; training uses lower streams

uint8_t to_byte(double x) {
  return static_cast<uint8_t>(std::clamp(std::nearbyint(x * 127.5 + 127.5), 0.0, 255.0));
}

}  // namespace

std::vector<Image> to_images(const Tensor& x) {
  const Shape& s = x.shape();
  const std::vector<double> values = to_host(x);
  const auto size = static_cast<size_t>(s.h * s.w * s.c);
  std::vector<Image> images;
  for (size_t n = 0; n < static_cast<size_t>(s.n); ++n) {
    Image image{.height = s.h, .width = s.w, .channels = s.c, .pixels = std::vector<uint8_t>(size)};
    for (size_t i = 0; i < size; ++i) image.pixels[i] = to_byte(values[n * size + i]);
    images.push_back(std::move(image));
  }
  return images;
}

Tensor seeded_latents(Context& context, const Config& config, uint64_t seed, int64_t count) {
  const int64_t row = latent_size(config);
  const Tensor z(context, {count, 1, 1, row}, DType::f32);
  for (int64_t i = 0; i < count; ++i) {
    RandomStream stream(context, seed + static_cast<uint64_t>(i), kSampleStream);
    stream.normal_into(z.alias({1, 1, 1, row}, i * row));
  }
  return z;
}

Tensor grid_labels(Context& context, const Config& config, int64_t rows, int64_t columns) {
  const int64_t classes = label_count(config);
  if (classes == 0) return {};
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < rows * columns; ++i) {
    labels.push_back(static_cast<int32_t>(i / columns % classes));
  }
  return one_hot(context, labels, classes);
}

Tensor kept(const Tensor& x) {
  if (!x) return {};
  const Tensor y(x.context(), x.shape(), x.dtype(), Lifetime::persistent);
  ops::copy_into(y, x);
  return y;
}

GridOptions sample_options(const Config& config, const Fade& fade) {
  const int64_t last = config.model.resolution;
  const int64_t at_once = micro_batch_at(config, last, minibatch_at(config, last));
  const GridSize grid = image_grid(config);
  return {.rows = grid.rows,
          .columns = grid.columns,
          .fade = fade,
          .show_at = last,
          .batch = std::min(at_once, minibatch_at(config, fade.resolution))};
}

Tensor some_samples(const Generator& generator, const ParameterStore& parameters, const Tensor& z,
                    const Tensor& labels, const GridOptions& o, int64_t first) {
  const int64_t resolution = o.fade.resolution;
  const Weights weights(parameters, resolution);
  const DeviceFade fade = on_device(o.fade, parameters.flat());
  const int64_t n = std::min(o.batch, z.shape().n - first);
  const Tensor some = ops::slice_batch(z, first, n);
  const Tensor classes = labels ? ops::slice_batch(labels, first, n) : Tensor();
  const Tensor x = stored_as(generator.forward(weights, some, classes, fade), z.dtype());
  return ops::upsample(x, o.show_at / resolution);
}

Image sample_grid(const Generator& generator, const ParameterStore& parameters, const Tensor& z,
                  const Tensor& labels, const GridOptions& o) {
  Grid grid(z.shape().n, o.columns);
  for (int64_t first = 0; first < z.shape().n; first += o.batch) {
    for (const Image& image : to_images(some_samples(generator, parameters, z, labels, o, first))) {
      grid.add(image);
    }
  }
  return grid.take();
}

Image reals_grid(const Dataset& dataset, const GridOptions& o, uint64_t seed) {
  const int64_t count = std::min(o.rows * o.columns, dataset.count());
  Grid grid(count, o.columns);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = shuffled_index(seed, dataset.count(), static_cast<uint64_t>(i));
    grid.add({.height = o.fade.resolution,
              .width = o.fade.resolution,
              .channels = dataset.channels(),
              .pixels = dataset.image(o.fade.resolution, index)});
  }
  return grid.take();
}

}  // namespace pg
