// wgrad_test.cpp: every candidate of the tensor-core weight gradient, compared with the CPU's f64
// loops.
//
// Factors are exact in bf16 and tf32, so results must be as accurate as f32 sums.
#include "kernels/cuda/conv/wgrad/wgrad.h"

#include <cmath>

#include "kernels/cuda/device/launchers.h"
#include "tests/kernels/conv_reference.h"
#include "tests/kernels/kernel_device.h"

namespace pg::test {
namespace {

struct Operands {
  Host dy, x, dw, db;  // dw, db: contents before the call
};

Operands operands_of(const ConvCase& c) {
  return {random_host(result_shape(c), 1), random_host(c.x, 2), random_host(c.w, 3),
          random_host({1, 1, 1, c.w.n}, 4)};
}

// dw is added to, db overwritten.
Conv2dWeightGradArgs args_of(Bench& b, const ConvCase& c, const Operands& o) {
  return {.dy = b.in(o.dy),
          .x = b.in(o.x),
          .dw = b.inout(o.dw, b.acc()),
          .geometry = c.geometry,
          .accumulate = Accumulate::add,
          .db = b.out(o.db.shape, b.acc())};
}

std::vector<Host> reference(const ConvCase& c, const Operands& o) {
  const std::unique_ptr<Backend> cpu = make_cpu_backend(1, CpuPath::direct);
  Bench bench(*cpu, DType::f64);
  cpu->conv2d_weight_grad(args_of(bench, c, o));
  return bench.finish();
}

// The call by one candidate, in one order of threads.
std::vector<Host> run_candidate(const DeviceVariant& variant, DType dtype, const ConvCase& c,
                                const Operands& o, const cuda::WgradCandidate& candidate) {
  const std::unique_ptr<Backend> memory = variant.open();
  cuda::Queue queue(0, MatrixMath::tf32);
  Bench bench(*memory, dtype);
  const Conv2dWeightGradArgs args = args_of(bench, c, o);
  EXPECT_TRUE(cuda::wgrad_supports(queue, args));
  cuda::run_wgrad(queue, args, candidate);
  PG_CUDA(cudaStreamSynchronize(queue.stream()));
  return bench.finish();
}

std::vector<cuda::WgradCandidate> candidates_of(DType dtype, const ConvCase& c) {
  const cuda::Queue queue(0, MatrixMath::tf32);
  const Conv2dWeightGradArgs shapes{.dy = {nullptr, dtype, result_shape(c)},
                                    .x = {nullptr, dtype, c.x},
                                    .dw = {nullptr, DType::f32, c.w},
                                    .geometry = c.geometry};
  return cuda::wgrad_candidates(queue, cuda::wgrad_problem(shapes));
}

// By the backend, which uses the exact kernel if there is no candidate.
std::vector<Host> run_backend(DType dtype, const ConvCase& c, const Operands& o) {
  const std::unique_ptr<Backend> backend = make_cuda_backend(0, MatrixMath::tf32);
  Bench bench(*backend, dtype);
  backend->conv2d_weight_grad(args_of(bench, c, o));
  return bench.finish();
}

// Expects candidates, except where no patch fits into little shared memory.
enum class Fits { always, large_memory };
void expect_every_candidate_matches(const ConvCase& c, Fits fits = Fits::always) {
  SCOPED_TRACE(c.name);
  const Operands o = operands_of(c);
  const std::vector<Host> want = reference(c, o);
  for (const DType dtype : {DType::bf16, DType::f32}) {
    const std::vector<cuda::WgradCandidate> candidates = candidates_of(dtype, c);
    const std::vector<Host> usual = run_backend(dtype, c, o);
    expect_close(usual[0], want[0], DType::f32, 4 * o.dy.shape.pixels());
    constexpr int64_t kLarge = 160 << 10;
    if (fits == Fits::large_memory && cuda::Queue(0, MatrixMath::tf32).smem_per_block() < kLarge) {
      continue;
    }
    ASSERT_FALSE(candidates.empty());
    for (const cuda::WgradCandidate& candidate : candidates) {
      SCOPED_TRACE(
          message(name_of(dtype), ", tile ", candidate.tile, ", chunks ", candidate.chunks));
      const std::vector<Host> got =
          run_candidate(device_variants().front(), dtype, c, o, candidate);
      ASSERT_EQ(got.size(), 2u);
      expect_close(got[0], want[0], DType::f32, 4 * o.dy.shape.pixels());
      expect_close(got[1], want[1], DType::f32, o.dy.shape.pixels());
    }
  }
}

constexpr ConvMode kUp = ConvMode::up, kDown = ConvMode::down;

TEST(ConvWeightTensor, EveryCandidateForSameMatches) {
  expect_every_candidate_matches({"4x4 images", {5, 4, 4, 8}, {16, 3, 3, 8}, {.scale = 0.7}});
  expect_every_candidate_matches({"odd images", {1, 7, 19, 40}, {24, 3, 3, 40}});
  expect_every_candidate_matches({"1x1 images", {5, 1, 1, 16}, {16, 3, 3, 16}});
}

TEST(ConvWeightTensor, EveryCandidateForOddChannelsMatches) {
  expect_every_candidate_matches({"35 from 3", {2, 5, 3, 3}, {35, 3, 3, 3}});
  expect_every_candidate_matches(
      {"3 from 16, no border", {2, 6, 5, 16}, {3, 3, 3, 16}, {.pad = 0}});
}

// Patches that begin before the image, or lie outside it as a whole.
TEST(ConvWeightTensor, EveryCandidateForWideBordersMatches) {
  expect_every_candidate_matches({"border of 2", {2, 7, 9, 16}, {16, 3, 3, 16}, {.pad = 2}});
  expect_every_candidate_matches({"border of 5", {1, 3, 4, 8}, {8, 3, 3, 8}, {.pad = 5}});
  expect_every_candidate_matches({"1x1, border of 9", {1, 3, 4, 8}, {8, 1, 1, 8}, {.pad = 9}});
}

// More columns and images than the fields of a pixel's place can count.
TEST(ConvWeightTensor, EveryCandidateForManyPixelsMatches) {
  expect_every_candidate_matches({"1300 columns", {1, 2, 1300, 8}, {8, 3, 3, 8}});
  expect_every_candidate_matches({"1300 images", {1300, 1, 1, 8}, {8, 3, 3, 8}});
}

TEST(ConvWeightTensor, EveryCandidateForUpMatches) {
  expect_every_candidate_matches(
      {"up", {2, 3, 5, 24}, {16, 3, 3, 24}, {.mode = kUp, .scale = 0.6}});
  expect_every_candidate_matches({"up odd", {1, 9, 2, 5}, {35, 3, 3, 5}, {.mode = kUp}});
}

TEST(ConvWeightTensor, EveryCandidateForDownMatches) {
  expect_every_candidate_matches(
      {"down", {2, 6, 10, 16}, {24, 3, 3, 16}, {.mode = kDown, .scale = 0.6}});
  expect_every_candidate_matches({"down to 1x1", {3, 2, 2, 8}, {16, 3, 3, 8}, {.mode = kDown}},
                                 Fits::large_memory);
}

TEST(ConvWeightTensor, EveryCandidateForMatrixProductsMatches) {
  expect_every_candidate_matches({"1x1", {2, 6, 5, 40}, {24, 1, 1, 40}, {.pad = 0}});
  expect_every_candidate_matches({"1x1 with border", {1, 3, 4, 8}, {8, 1, 1, 8}});
  expect_every_candidate_matches({"4x4 valid", {37, 4, 4, 9}, {16, 4, 4, 9}, {.pad = 0}});
}

// As in the last block of the discriminator: 512 channels and the minibatch statistic.
TEST(ConvWeightTensor, Supports513Channels) {
  const ConvCase c{"513", {2, 4, 4, 513}, {16, 3, 3, 513}};
  const Operands o = operands_of(c);
  const std::vector<Host> got = run_candidate(device_variants().front(), DType::bf16, c, o,
                                              candidates_of(DType::bf16, c).front());
  expect_close(got[0], reference(c, o)[0], DType::f32, o.dy.shape.pixels());
}

// More patches than stages, and blocks with different numbers of patches.
TEST(ConvWeightTensor, LongSumsHaveTheSameBitsInEveryOrderOfThreads) {
  const ConvCase c{"long", {1, 40, 36, 16}, {16, 3, 3, 16}};
  const Operands o = operands_of(c);
  const std::vector<Host> want = reference(c, o);
  for (const DType dtype : {DType::bf16, DType::f32}) {
    for (const int tile : {1, 3}) {
      std::vector<Host> first;
      for (const DeviceVariant& variant : device_variants()) {
        const std::vector<Host> got = run_candidate(variant, dtype, c, o, {tile, 3});
        expect_close(got[0], want[0], DType::f32, o.dy.shape.pixels());
        expect_close(got[1], want[1], DType::f32, o.dy.shape.pixels());
        if (first.empty()) first = got;
        EXPECT_EQ(got[0].data, first[0].data) << variant.name;
        EXPECT_EQ(got[1].data, first[1].data) << variant.name;
      }
    }
  }
}

TEST(ConvWeightTensor, RoundsF32FactorsToTheNearestTf32) {
  const ConvCase c{"inexact", {2, 5, 6, 8}, {16, 3, 3, 8}};
  Operands o = operands_of(c);
  double t = 0.0;
  for (double& v : o.dy.data) v = static_cast<double>(static_cast<float>(std::sin(t += 1.0)));
  for (double& v : o.x.data) v = static_cast<double>(static_cast<float>(std::cos(t += 1.0)));
  const std::vector<Host> got = run_candidate(device_variants().front(), DType::f32, c, o,
                                              candidates_of(DType::f32, c).front());
  const int64_t length = o.dy.shape.pixels();
  const Operands exact = o;
  o.dy = rounded_to_tf32(o.dy);
  o.x = rounded_to_tf32(o.x);
  const std::vector<Host> want = reference(c, o);
  expect_close(got[0], want[0], DType::f32, length);
  expect_close(got[1], want[1], DType::f32, length);
  double error = 0.0;
  const Host unrounded = reference(c, exact)[0];
  for (size_t i = 0; i < unrounded.data.size(); ++i) {
    error = std::max(error, std::abs(got[0].data[i] - unrounded.data[i]));
  }
  EXPECT_GT(error, 1e-5);
  EXPECT_LT(error, 2 * 0x1.0p-11 * static_cast<double>(length));
}

// dw by the launcher, with x `shift` elements into its memory.
Host launched_dw(const ConvCase& c, const Operands& o, int64_t shift) {
  const std::unique_ptr<Backend> memory = device_variants().front().open();
  Bench bench(*memory, DType::bf16);
  Host shifted({1, 1, 1, o.x.shape.numel() + shift});
  std::copy(o.x.data.begin(), o.x.data.end(), shifted.data.begin() + shift);
  const ConstTensorView whole = bench.in(shifted);
  Conv2dWeightGradArgs args = args_of(bench, c, o);
  args.x = {static_cast<const char*>(whole.data) + 2 * shift, DType::bf16, c.x};
  memory->conv2d_weight_grad(args);
  memory->synchronize();
  return bench.finish()[0];
}

TEST(ConvWeightTensor, LauncherGivesTheSameBitsAtAnyAddress) {
  const ConvCase cases[] = {{"3x3", {2, 4, 4, 16}, {8, 3, 3, 16}},
                            {"to RGB", {2, 7, 9, 16}, {3, 1, 1, 16}, {.pad = 0}}};
  for (const ConvCase& c : cases) {
    SCOPED_TRACE(c.name);
    const Operands o = operands_of(c);
    const Host aligned = launched_dw(c, o, 0);
    expect_close(aligned, reference(c, o)[0], DType::f32, o.dy.shape.pixels());
    EXPECT_EQ(launched_dw(c, o, 1).data, aligned.data);
  }
}

// Narrow tiles multiply less for each value that they load.
TEST(ConvWeightTensor, TilesAreAsWideAsTheChannels) {
  struct Expected {
    ConvCase c;
    int channels_a;
  };
  for (const auto& [c, channels_a] :
       {Expected{{"many images", {192, 32, 32, 512}, {512, 3, 3, 512}}, 128},
        Expected{{"few images of 512 channels", {4, 32, 32, 512}, {512, 3, 3, 512}}, 128},
        Expected{{"256 channels", {4, 64, 64, 256}, {256, 3, 3, 256}}, 128},
        Expected{{"128 channels", {8, 128, 128, 128}, {128, 3, 3, 128}}, 128},
        Expected{{"64 channels", {8, 256, 256, 64}, {64, 3, 3, 64}}, 64},
        Expected{{"16 channels", {4, 1024, 1024, 16}, {16, 3, 3, 16}}, 16}}) {
    SCOPED_TRACE(c.name);
    for (const DType dtype : {DType::bf16, DType::f32}) {
      const auto candidates = candidates_of(dtype, c);
      ASSERT_FALSE(candidates.empty());
      EXPECT_EQ(cuda::kWgradTiles[candidates.front().tile].channels_a(), channels_a);
      for (const auto& candidate : candidates) EXPECT_GE(candidate.chunks, 1);
    }
  }
}

// Kernels address the pixels of a patch by 32 bits, in bytes from the first of them.
TEST(ConvWeightTensor, NoPatchSpansFourGigabytes) {
  const cuda::WgradTile& tile = cuda::kWgradTiles[2];  // 64 pixels
  constexpr int64_t kMuch = 1 << 20;
  const auto patch = [&](int64_t images, int64_t channels, int64_t high_channels) {
    return cuda::wgrad_patch(tile,
                             {DType::bf16,
                              {images, 1, 1, channels},
                              {images, 1, 1, high_channels},
                              tile.taps_h,
                              tile.taps_w,
                              tile.stride,
                              1},
                             kMuch);
  };
  constexpr int64_t kFits = (int64_t{1} << 25) - 1024, kTooMany = int64_t{1} << 25;
  EXPECT_EQ(patch(64, 32, 32).images, 64);
  EXPECT_EQ(patch(64, kFits, 32).images, 64);
  EXPECT_EQ(patch(64, kTooMany, 32).images, 0);
  EXPECT_EQ(patch(64, 32, kTooMany).images, 0);
}

}  // namespace
}  // namespace pg::test
