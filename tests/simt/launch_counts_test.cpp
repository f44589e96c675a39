// launch_counts_test.cpp: how many kernels and copies one iteration of the official networks
// queues. Each costs one to two microseconds between the nodes of a graph, whatever it computes.
#include <gtest/gtest.h>

#include <algorithm>

#include "model/config/schedule.h"
#include "model/training/gan.h"
#include "tests/simt/host/profile.h"
#include "tests/simt/host/test.h"

namespace pg::test {
namespace {

// Launches and copies within the device of a captured iteration; uploads are not part of it.
int64_t captured_launches(Precision precision, const Fade& fade) {
  Config config = preset("official-tf");
  config.train.precision = precision;
  resolve(config, {.resolution = 1024, .channels = 3, .images = 1000});
  const auto n = static_cast<size_t>(minibatch_at(config, fade.resolution));
  const auto pixels = static_cast<size_t>(fade.resolution * fade.resolution * 3);
  const std::vector<uint8_t> images(n * pixels), mirror(n);
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  Context context(*backend);
  Gan gan(context, config);
  const auto iteration = [&] {
    const int64_t before = simt::launches() + simt::copies();
    gan.iterate({.fade = fade}, {.images = images, .mirror = mirror});
    return simt::launches() + simt::copies() - before;
  };
  iteration();
  const int64_t captured = iteration(), replayed = iteration();
  return captured - replayed;
}

// On an H100. At most these; lower a number when a change makes fewer.
struct Limit {
  int64_t resolution, bf16, bf16_fading, tf32, tf32_fading;  // 4x4 does not fade
};
constexpr Limit kLimits[] = {
    {4, 178, 0, 167, 0},       {8, 226, 265, 215, 254},   {16, 272, 318, 261, 307},
    {32, 330, 373, 319, 362},  {64, 373, 416, 364, 407},  {128, 423, 467, 412, 456},
    {256, 465, 509, 454, 498}, {512, 515, 559, 504, 548}, {1024, 553, 597, 542, 586}};

TEST(LaunchCounts, DoNotGrow) {
  const auto devices = simt::devices();
  simt::set_devices({simt::device_profile("h100")});
  const simt::DryRun dry;
  for (const Limit& limit : kLimits) {
    SCOPED_TRACE(limit.resolution);
    const auto expect = [&](Precision precision, double alpha, int64_t most) {
      if (alpha < 1 && limit.resolution == 4) return;
      EXPECT_LE(captured_launches(precision, {limit.resolution, alpha}), most)
          << (precision == Precision::bf16 ? "bf16" : "tf32") << (alpha < 1 ? " fading" : "");
    };
    expect(Precision::bf16, 1.0, limit.bf16);
    expect(Precision::bf16, 0.5, limit.bf16_fading);
    expect(Precision::tf32, 1.0, limit.tf32);
    expect(Precision::tf32, 0.5, limit.tf32_fading);
  }
  simt::set_devices(devices);
}

}  // namespace
}  // namespace pg::test
