// training_test.cpp: a short training run learns, measured without the critic, and repeats bit for
// bit.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "data/sets/build.h"
#include "data/sets/dataset.h"
#include "data/sets/loader.h"
#include "engine/ops/ops.h"
#include "model/networks/samples.h"
#include "model/training/gan.h"

namespace pg {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kImages = 256, kResolution = 4, kMinibatch = 16;

class Training : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::temp_directory_path() / message("progan-training-", getpid());
    BuildOptions options;
    options.resolution = 8;
    build_dataset(*open_source("builtin:shapes:256"), "builtin:shapes:256", folder_, options);
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static Config config() {
    Config c = preset("official-tf");
    c.model.resolution = 8;
    c.model.channels = 3;
    c.model.fmap_base = 128;
    c.model.fmap_max = 32;
    c.model.latent_size = 16;
    return c;
  }

  static void train(Gan& gan, int64_t iterations) {
    const Dataset dataset(folder_);
    Loader loader(dataset, {.seed = 3});
    for (int64_t i = 0; i < iterations; ++i) {
      const int64_t resolution = i < iterations / 2 ? 4 : 8;
      const double fade =
          4.0 * static_cast<double>(i - iterations / 2) / static_cast<double>(iterations);
      const Batch& batch = loader.next(resolution, kMinibatch);
      gan.iterate({.fade = {resolution, std::min(1.0, 0.01 + fade)},
                   .g_learning_rate = 2e-3,
                   .d_learning_rate = 2e-3},
                  {.images = batch.images, .mirror = batch.mirror});
    }
  }

  static fs::path folder_;
};

fs::path Training::folder_;

// Mean and covariance of images as vectors of 4x4 pixels.
struct Moments {
  std::vector<double> mean, covariance;
};

Moments moments_of(const std::vector<Image>& images) {
  const size_t d = images[0].pixels.size();
  const double n = static_cast<double>(images.size());
  Moments m{std::vector<double>(d, 0.0), std::vector<double>(d * d, 0.0)};
  for (const Image& image : images) {
    for (size_t i = 0; i < d; ++i) m.mean[i] += image.pixels[i] / 255.0 / n;
  }
  for (const Image& image : images) {
    for (size_t i = 0; i < d; ++i) {
      for (size_t j = 0; j < d; ++j) {
        m.covariance[i * d + j] +=
            (image.pixels[i] / 255.0 - m.mean[i]) * (image.pixels[j] / 255.0 - m.mean[j]) / n;
      }
    }
  }
  return m;
}

double squared_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

struct Distance {
  double mean, covariance;
};

Distance distance_to_reals(Context& context, const Gan& gan, const fs::path& folder) {
  const Dataset dataset(folder);
  std::vector<Image> reals, fakes;
  for (int64_t i = 0; i < kImages; ++i) {
    const auto p = dataset.image(kResolution, i);
    reals.push_back({.height = kResolution,
                     .width = kResolution,
                     .channels = 3,
                     .pixels = {p.begin(), p.end()}});
  }
  const Weights weights(gan.state().ema, 8);
  const Tensor z = seeded_latents(context, gan.config(), 0, kImages);
  fakes = to_images(ops::avg_pool(gan.state().generator.forward(weights, z, {}, {8})));
  const Moments a = moments_of(reals), b = moments_of(fakes);
  return {squared_distance(a.mean, b.mean), squared_distance(a.covariance, b.covariance)};
}

TEST_F(Training, BringsMeanAndCovarianceOfFakesCloseToReals) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(2);
  Context context(*backend);
  Config c = config();
  c.optimizer.average_decay = 0.98;  // the run is short
  Gan gan(context, c);
  const Distance before = distance_to_reals(context, gan, folder_);
  train(gan, 400);
  const Distance after = distance_to_reals(context, gan, folder_);
  EXPECT_LT(after.mean, 0.3 * before.mean);
  EXPECT_LT(after.covariance, 0.5 * before.covariance);
}

TEST_F(Training, RepeatsBitForBitWithAnyNumberOfThreads) {
  std::vector<std::vector<double>> weights;
  for (const int threads : {1, 2, 3}) {
    const std::unique_ptr<Backend> backend = make_cpu_backend(threads);
    Context context(*backend);
    Gan gan(context, config());
    train(gan, 12);
    weights.push_back(to_host(gan.state().ema.flat()));
    const std::vector<double> d = to_host(gan.state().d.flat());
    weights.back().insert(weights.back().end(), d.begin(), d.end());
  }
  EXPECT_EQ(weights[0], weights[1]);
  EXPECT_EQ(weights[0], weights[2]);
}

// All step memory is released, so memory is the same after many iterations.
TEST_F(Training, MemoryStaysFlat) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(2);
  Context context(*backend);
  Gan gan(context, config());
  train(gan, 8);
  const int64_t reserved = context.step().reserved_bytes() + context.persistent().reserved_bytes();
  const int64_t peak = context.step().peak_bytes();
  train(gan, 40);
  EXPECT_EQ(context.step().reserved_bytes() + context.persistent().reserved_bytes(), reserved);
  EXPECT_EQ(context.step().peak_bytes(), peak);
  context.step().trim();
  EXPECT_EQ(context.step().reserved_bytes(), 0);
}

}  // namespace
}  // namespace pg
