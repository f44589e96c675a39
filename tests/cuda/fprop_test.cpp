// fprop_test.cpp: each candidate of the tensor-core convolution, in both element types.
#include <cctype>
#include <cmath>

#include "kernels/cuda/conv/fprop/fprop.h"
#include "tests/kernels/conv_reference.h"
#include "tests/kernels/kernel_device.h"

namespace pg::test {
namespace {

// Tails of every tile: rows (pixels), columns (outputs), steps (taps x inputs); channels with whole
// packs in both types (40), in f32 only (12) and in neither (35, 513).
const ConvCase kCases[] = {
    {"16 to 24", {2, 5, 7, 16}, {24, 3, 3, 16}, {.scale = 0.7}},
    {"8 to 40", {3, 4, 4, 8}, {40, 3, 3, 8}, {}},
    {"40 to 3", {1, 13, 11, 40}, {3, 3, 3, 40}, {.scale = 1.5}},
    {"64 to 72", {1, 4, 4, 64}, {72, 3, 3, 64}, {}},
    {"35 to 16", {2, 3, 5, 35}, {16, 3, 3, 35}, {}},
    {"513 to 8", {1, 4, 4, 513}, {8, 3, 3, 513}, {}},
    {"1x1, 12 to 20", {2, 6, 6, 12}, {20, 1, 1, 12}, {.pad = 0, .scale = 0.5}},
    {"up, 24 to 16", {2, 3, 5, 24}, {16, 3, 3, 24}, {.mode = ConvMode::up, .scale = 0.6}},
    {"up, 5 to 6", {1, 4, 4, 5}, {6, 3, 3, 5}, {.mode = ConvMode::up}},
    {"down, 16 to 24", {2, 6, 10, 16}, {24, 3, 3, 16}, {.mode = ConvMode::down, .scale = 0.6}},
    {"down, 12 to 5", {1, 8, 8, 12}, {5, 3, 3, 12}, {.mode = ConvMode::down}},
    // Strips of fprop_strip: more lines than a block or the ring has, two strips.
    {"16 to 16, high", {2, 17, 7, 16}, {16, 3, 3, 16}, {}},
    {"14 to 16, wide", {1, 3, 258, 14}, {16, 3, 3, 14}, {}},
    {"16 to 14, wide", {1, 2, 258, 16}, {14, 3, 3, 16}, {}},
    {"32 to 32, high", {1, 11, 5, 32}, {32, 3, 3, 32}, {}},
    {"up, 32 to 16, high", {2, 9, 3, 32}, {16, 3, 3, 32}, {.mode = ConvMode::up}},
    {"down, 16 to 32, high", {2, 22, 6, 16}, {32, 3, 3, 16}, {.mode = ConvMode::down}},
    {"down, 16 to 17, wide", {1, 2, 270, 16}, {17, 3, 3, 16}, {.mode = ConvMode::down}},
    // Split sums: odd results, more packs of a pixel than lanes, and than registers.
    {"split, 96 to 33", {2, 3, 3, 96}, {33, 3, 3, 96}, {.scale = 0.7}},
    {"split, up, 136 to 24", {1, 3, 5, 136}, {24, 3, 3, 136}, {.mode = ConvMode::up}},
    {"split, down, 40 to 264", {2, 4, 6, 40}, {264, 3, 3, 40}, {.mode = ConvMode::down}},
    {"split, 59 to 1048", {1, 1, 1, 59}, {1048, 3, 3, 59}, {.scale = 0.5}},
};

// A device with tf32 products, and a queue for functions that Backend does not have.
struct Device {
  std::unique_ptr<Backend> backend = make_cuda_backend(0, MatrixMath::tf32);
  cuda::Queue queue{0, MatrixMath::tf32};
};

using Run = std::function<cuda::FpropProblem(Bench&)>;

// Runs the problem with each candidate, cycling through the orders of threads, and calls
// check(results).
void for_each_candidate(DType dtype, const Run& problem_of,
                        const std::function<void(const std::vector<Host>&)>& check) {
  const std::vector<DeviceVariant>& variants = device_variants();
  size_t count = 1;
  for (size_t i = 0; i < count; ++i) {
    const DeviceVariant& variant = variants[i % variants.size()];
    variant.open();  // sets the order of threads
    Device device;
    Bench bench(*device.backend, dtype);
    const cuda::FpropProblem problem = problem_of(bench);
    const auto candidates = cuda::fprop_candidates(device.queue, problem);
    count = std::max(candidates.size(), variants.size());
    const cuda::FpropCandidate& candidate = candidates[i % candidates.size()];
    SCOPED_TRACE(message(name_of(dtype), ", ", candidate.name, ", ", variant.name));
    cuda::run_fprop(device.queue, problem, candidate.index);
    PG_CUDA(cudaStreamSynchronize(device.queue.stream()));
    check(bench.finish());
  }
}

// Expects `want` in both types from each candidate, and the same bits from all candidates.
void expect_all_match(const Run& problem_of, const Host& want, int64_t length) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    std::vector<double> first;
    for_each_candidate(dtype, problem_of, [&](const std::vector<Host>& got) {
      expect_close(got[0], want, dtype, length);
      if (first.empty()) first = got[0].data;
      EXPECT_EQ(got[0].data, first) << "bits differ from the first candidate";
    });
  }
}

class TensorConvCase : public testing::TestWithParam<ConvCase> {};

TEST_P(TensorConvCase, EveryCandidateMatchesLiteralLoops) {
  const ConvCase& t = GetParam();
  const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
  const Host y = conv_reference(t, x, w);
  expect_all_match(
      [&](Bench& b) {
        return cuda::FpropProblem::of(Conv2dArgs{
            .x = b.in(x), .w = b.in(w, b.acc()), .y = b.out(y.shape), .geometry = t.geometry});
      },
      y, reduction(t));
}

TEST_P(TensorConvCase, EveryCandidateGivesTheInputGradient) {
  const ConvCase& t = GetParam();
  const Host dy = random_host(result_shape(t), 1), w = random_filter(t.w, 2);
  const Host gate = random_host(t.x, 3);
  const Host dx = gate_reference(input_grad_reference(t, dy, w), gate, 0.2);
  expect_all_match(
      [&](Bench& b) {
        return cuda::FpropProblem::of(Conv2dInputGradArgs{.dy = b.in(dy),
                                                          .w = b.in(w, b.acc()),
                                                          .dx = b.out(t.x),
                                                          .geometry = t.geometry,
                                                          .gate = b.in(gate),
                                                          .gate_slope = 0.2});
      },
      dx, grad_reduction(t));
}

INSTANTIATE_TEST_SUITE_P(Shapes, TensorConvCase, testing::ValuesIn(kCases), [](const auto& shape) {
  std::string name;
  for (const char c : std::string(shape.param.name)) name += std::isalnum(c) ? c : '_';
  return name;
});

TEST(TensorConv, EveryCandidateAppliesBiasAndActivation) {
  for (const ConvCase& t : {kCases[0], kCases[7], kCases[9], kCases[11], kCases[14], kCases[15],
                            kCases[16], kCases[18], kCases[19], kCases[20], kCases[21]}) {
    SCOPED_TRACE(t.name);
    const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
    const Host bias = random_host({1, 1, 1, t.w.n}, 3);
    const Host y = lrelu_reference(conv_reference(t, x, w), bias, 0.2);
    expect_all_match(
        [&](Bench& b) {
          return cuda::FpropProblem::of(Conv2dArgs{.x = b.in(x),
                                                   .w = b.in(w, b.acc()),
                                                   .b = b.in(bias, b.acc()),
                                                   .y = b.out(y.shape),
                                                   .geometry = t.geometry,
                                                   .slope = 0.2});
        },
        y, reduction(t));
  }
}

// Only the bias is not aligned, as no other test has it.
TEST(TensorConv, EveryCandidateTakesABiasAtAnyAddress) {
  const ConvCase& t = kCases[11];
  const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
  const Host longer = random_host({1, 1, 1, t.w.n + 1}, 3);
  Host bias({1, 1, 1, t.w.n});
  std::copy(longer.data.begin() + 1, longer.data.end(), bias.data.begin());
  const Host y = lrelu_reference(conv_reference(t, x, w), bias, 0.2);
  expect_all_match(
      [&](Bench& b) {
        ConstTensorView odd = b.in(longer, b.acc());
        odd.data = odd.as<float>() + 1;
        odd.shape = bias.shape;
        return cuda::FpropProblem::of(Conv2dArgs{.x = b.in(x),
                                                 .w = b.in(w, b.acc()),
                                                 .b = odd,
                                                 .y = b.out(y.shape),
                                                 .geometry = t.geometry,
                                                 .slope = 0.2});
      },
      y, reduction(t));
}

// The norm is fused if a tile spans all channels of a pixel, else it follows; then the gate.
TEST(TensorConv, EveryCandidateNormalisesPixels) {
  for (const ConvCase& t : {kCases[0], kCases[3], kCases[7], kCases[11], kCases[14], kCases[15],
                            kCases[16], kCases[18], kCases[19], kCases[20], kCases[21]}) {
    const Host x = random_host(t.x, 1), w = random_filter(t.w, 2);
    const Host bias = random_host({1, 1, 1, t.w.n}, 3), gate = random_host(result_shape(t), 4);
    const std::vector<Host> normed =
        norm_reference(lrelu_reference(conv_reference(t, x, w), bias, 0.2), 0.1);
    for (const bool gated : {false, true}) {
      SCOPED_TRACE(std::string(t.name) + (gated ? ", gated" : ""));
      std::vector<Host> want = normed;
      if (gated) want[0] = gate_reference(want[0], gate, 0.2);
      for (const DType dtype : {DType::f32, DType::bf16}) {
        for_each_candidate(
            dtype,
            [&](Bench& b) {
              Conv2dArgs args{.x = b.in(x),
                              .w = b.in(w, b.acc()),
                              .b = b.in(bias, b.acc()),
                              .y = b.out(want[0].shape),
                              .geometry = t.geometry,
                              .slope = 0.2,
                              .r = b.out(want[1].shape, b.acc()),
                              .norm_eps = 0.1,
                              .gate_slope = 0.2};
              if (gated) args.gate = b.in(gate);
              return cuda::FpropProblem::of(args);
            },
            [&](const std::vector<Host>& got) {
              expect_normalised(got, want, dtype, reduction(t));
            });
      }
    }
  }
}

// The same for the gradient of the norm.
TEST_P(TensorConvCase, EveryCandidateAppliesTheNormGradient) {
  const ConvCase& t = GetParam();
  const Host dy = random_host(result_shape(t), 1), w = random_filter(t.w, 2);
  const Host gate = random_host(t.x, 3), r = random_norms(t.x, 4);
  const Host dx = norm_grad_reference(input_grad_reference(t, dy, w), gate, r, 0.2);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for_each_candidate(
        dtype,
        [&](Bench& b) {
          return cuda::FpropProblem::of(Conv2dInputGradArgs{.dy = b.in(dy),
                                                            .w = b.in(w, b.acc()),
                                                            .dx = b.out(t.x),
                                                            .geometry = t.geometry,
                                                            .gate = b.in(gate),
                                                            .gate_slope = 0.2,
                                                            .r = b.in(r, DType::f32)});
        },
        [&](const std::vector<Host>& got) {
          constexpr int kRoundings = 4;  // r amplifies those before the norm
          expect_close(got[0], dx, dtype, grad_reduction(t) + t.x.c, kRoundings);
        });
  }
}

// 64 pixels of 512 channels are 4 of the 264 blocks that are wanted, but 4608 products are only 18
// times 256; 48 units of the filter (3 lines of 16) make 16 parts of 3.
TEST(TensorConv, SplitsTheSumsOfSmallImages) {
  const auto parts = [](const Shape& x, DType dtype) {
    const Shape w{512, 3, 3, 512}, y{x.n, x.h, x.w, 512};
    const auto view = [](const Shape& s, DType t) { return TensorView{cuda::kNowhere, t, s}; };
    return cuda::fprop_parts(cuda::FpropProblem::of(
        Conv2dArgs{.x = view(x, dtype), .w = view(w, DType::f32), .y = view(y, dtype)}));
  };
  for (const DType dtype : {DType::bf16, DType::f32}) {
    EXPECT_EQ(parts({4, 4, 4, 512}, dtype), 16);
    EXPECT_EQ(parts({128, 4, 4, 512}, dtype), 4);
    EXPECT_EQ(parts({4, 32, 32, 512}, dtype), 2);
    EXPECT_EQ(parts({4, 64, 64, 512}, dtype), 1);
  }
}

// Random values with all bits set at random and of one sign: a biased rounding would add up.
TEST(TensorConv, RoundsFactorsWithoutBias) {
  const ConvCase t{"", {1, 8, 8, 32}, {16, 3, 3, 32}, {}};
  std::vector<Host> host(2);
  const Shape shapes[] = {t.x, t.w};
  for (size_t i = 0; i < 2; ++i) {
    host[i] = random_host(shapes[i], i, 1.0, 2.0);
    const Host low = random_host(shapes[i], 7 + i, 0.0, 0x1.0p-7);
    for (size_t j = 0; j < low.data.size(); ++j) {
      host[i].data[j] = static_cast<double>(static_cast<float>(host[i].data[j] + low.data[j]));
    }
  }
  const Host y = conv_reference(t, host[0], host[1]);
  Device device;
  Bench bench(*device.backend, DType::f32);
  device.backend->conv2d({.x = bench.in(host[0]), .w = bench.in(host[1]), .y = bench.out(y.shape)});
  const Host got = bench.finish()[0];
  constexpr double kHalfUnit = 0x1.0p-11;  // of tf32, which has 11 bits
  double mean = 0.0;
  for (size_t i = 0; i < y.data.size(); ++i) {
    const double error = got.data[i] / y.data[i] - 1;
    EXPECT_LE(std::abs(error), kHalfUnit) << "element " << i;
    mean += error / static_cast<double>(y.data.size());
  }
  EXPECT_LE(std::abs(mean), kHalfUnit / 32);
  EXPECT_NE(mean, 0.0);  // exact math would make this test pass trivially
}

// Every pixel, wherever it lies: each shape has several tiles or strips of lines.
TEST(TensorConv, EveryCandidateRoundsPixelsToTheNearestTf32) {
  for (const ConvCase& t :
       {ConvCase{"16 to 16", {2, 17, 70, 16}, {16, 3, 3, 16}},
        ConvCase{"32 to 32", {1, 11, 5, 32}, {32, 3, 3, 32}},
        ConvCase{"up", {2, 9, 3, 32}, {16, 3, 3, 32}, {.mode = ConvMode::up}},
        ConvCase{"down", {2, 22, 6, 16}, {32, 3, 3, 16}, {.mode = ConvMode::down}},
        ConvCase{"1x1", {2, 6, 6, 12}, {20, 1, 1, 12}, {.pad = 0}},
        ConvCase{"split", {2, 3, 3, 96}, {33, 3, 3, 96}}}) {
    SCOPED_TRACE(t.name);
    Host x{t.x};
    double angle = 0.0;
    for (double& v : x.data) v = static_cast<double>(static_cast<float>(std::sin(angle += 1.0)));
    const Host w = random_filter(t.w, 2), want = conv_reference(t, rounded_to_tf32(x), w);
    const auto problem_of = [&](Bench& b) {
      return cuda::FpropProblem::of(Conv2dArgs{
          .x = b.in(x), .w = b.in(w, b.acc()), .y = b.out(want.shape), .geometry = t.geometry});
    };
    for_each_candidate(DType::f32, problem_of, [&](const std::vector<Host>& got) {
      expect_close(got[0], want, DType::f32, reduction(t));
    });
  }
}

// With a version, the packed filter is reused at the same address until the version changes.
TEST(TensorConv, RepacksAFilterWhenItsVersionChanges) {
  const ConvCase t{"", {1, 4, 4, 8}, {16, 3, 3, 8}, {}};
  const Host x = random_host(t.x, 1), w = random_filter(t.w, 2), other = random_filter(t.w, 3);
  const Host y = conv_reference(t, x, w), y_other = conv_reference(t, x, other);
  Device device;
  Bench bench(*device.backend, DType::bf16);
  const ConstTensorView xv = bench.in(x);
  const TensorView wv = bench.inout(w, DType::f32);
  const auto run = [&](const Host& want, uint64_t version) {
    bench.backend().conv2d({.x = xv, .w = at_version(wv, version), .y = bench.out(want.shape)});
    expect_close(bench.finish().back(), want, DType::bf16, reduction(t));
  };
  run(y, 1);
  const std::vector<float> values(other.data.begin(), other.data.end());
  device.backend->upload(wv, values.data());
  run(y, 1);  // the same version: nothing has changed
  run(y_other, 2);
  run(y_other, 0);
}

// Strips are the default for the shapes they were made for, in both directions, if they fit into
// shared memory: on GPUs with 99 KB of it most of those with 32 channels do not.
TEST(TensorConv, WideImagesWithFewChannelsUseStrips) {
  Device device;
  const auto chosen = [&](const ConvGeometry& g, const Shape& x, const Shape& w, DType dtype) {
    const ConvCase t{"", x, w, g};
    const cuda::FpropProblem problem =
        cuda::FpropProblem::of(Conv2dArgs{.x = {nullptr, dtype, x},
                                          .w = {nullptr, DType::f32, w},
                                          .y = {nullptr, dtype, result_shape(t)},
                                          .geometry = g});
    const int index = cuda::default_fprop(device.queue, problem);
    for (const cuda::FpropCandidate& c : cuda::fprop_candidates(device.queue, problem)) {
      if (c.index == index) return std::string(c.name);
    }
    return std::string("none");
  };
  const bool fit = device.queue.smem_per_block() >= 120 << 10;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    EXPECT_EQ(chosen({}, {4, 1024, 1024, 16}, {16, 3, 3, 16}, dtype), "strip");
    EXPECT_EQ(chosen({}, {4, 512, 512, 32}, {32, 3, 3, 32}, dtype) == "strip", fit);
    EXPECT_EQ(chosen({.mode = ConvMode::up}, {4, 512, 512, 32}, {16, 3, 3, 32}, dtype) == "strip",
              fit);
    EXPECT_EQ(
        chosen({.mode = ConvMode::down}, {4, 1024, 1024, 16}, {32, 3, 3, 16}, dtype) == "strip",
        fit || dtype == DType::bf16);
    EXPECT_NE(chosen({}, {16, 128, 128, 128}, {128, 3, 3, 128}, dtype), "strip");
    EXPECT_NE(chosen({}, {128, 4, 4, 16}, {16, 3, 3, 16}, dtype), "strip");
  }
}

TEST(PackedFilters, KeepTheirAddress) {
  Device device;
  Bench bench(*device.backend, DType::f32);
  cuda::PackedFilter filter{.w = at_version(bench.in(random_filter({8, 3, 3, 8}, 1)), 1),
                            .pattern = cuda::TapPattern::spread};
  cuda::PackedFilters& cache = cuda::packed_filters(device.queue);
  const void* const first = cache.get(device.queue, filter);
  filter.w.version = 2;
  EXPECT_EQ(cache.get(device.queue, filter), first);
  filter.use = cuda::FilterUse::transposed;
  EXPECT_NE(cache.get(device.queue, filter), first);
  filter.use = cuda::FilterUse::forward;
  filter.w.shape = {4, 3, 3, 8};  // other contents at the same address, as after a new stage
  EXPECT_EQ(cache.get(device.queue, filter), first);
  PG_CUDA(cudaStreamSynchronize(device.queue.stream()));
}

}  // namespace
}  // namespace pg::test
