// speed_model_test.cpp: times of the speed model, worked out by hand for small launches.
#include <gtest/gtest.h>

#include <algorithm>

#include "bench/model/model_report.h"
#include "bench/model/speed_model.h"
#include "kernels/error.h"
#include "tests/apps/program.h"

namespace pg::bench {
namespace {

constexpr const char* kTile =
    "fprop_kernel<__nv_bfloat16, FpropTile<128, 128, 2, 2, 2, 97>, (TapPattern)0>";

// Two processors at 1 GHz, with memory that nothing waits for.
ModelledGpu small_gpu() {
  ModelledGpu gpu = modelled_gpu("h200");
  gpu.model.processors = 2;
  gpu.rates.clock = 1e9;
  gpu.rates.memory = gpu.rates.cache = gpu.rates.cached = 1e15;
  gpu.rates.bf16_macs = 1000;
  return gpu;
}

RecordedCall conv_of(const Shape& x, const Shape& w, const Shape& y) {
  return {.name = "conv2d",
          .mode = ConvMode::same,
          .operands = {{"x", DType::bf16, x}, {"w", DType::f32, w}, {"y", DType::bf16, y}}};
}

// Its loop holds the three steps of a line of taps, each of 208 instructions.
constexpr KernelCode kThreeSteps{kTile, 128, 3 * 208, 3 * 64, 3 * 16, 0};

// 64x64 pixels are 32 blocks of 128 rows and all 128 columns, with 18 steps of 32 factors. 3 blocks
// fit the shared memory, so both processors together run 5 waves of 6 blocks and one of 2.
TEST(FpropTime, IsThatOfTheSlowestResourceInFullWavesAndTheLatencyInTheLast) {
  const ModelledGpu gpu = small_gpu();
  const RecordedCall call = conv_of({1, 64, 64, 64}, {128, 3, 3, 64}, {1, 64, 64, 128});
  const PlannedLaunch launch{.grid = {32, 1, 1}, .threads = 128, .smem = 65536};
  const Estimate e = fprop_time({gpu, call, launch, parse_kernel_name(kTile), kThreeSteps});
  EXPECT_EQ(e.blocks_at_once, 3);
  EXPECT_DOUBLE_EQ(e.waves, 32.0 / 6);
  EXPECT_EQ(e.bound, Bound::tensor_cores);
  const double of_step = 208;
  const double prolog = 250 + 5 * 60 + 3 * (of_step - 80) * 0.7;
  const double epilogue = 128 * 3.5 + 4 * (4 * 75 + 8 * 2 + 10);
  const double tensor = 128.0 * 128 * 576 / 1000;
  const double instructions = (prolog + 18 * of_step + epilogue) / 0.78;  // a warp per scheduler
  const double step = 70 + (of_step - 80) * 1.5 + 45 + 64 * (2048 / 250.0) + 35;
  const double alone = prolog * 1.8 + 900 + 18 * step + epilogue * 1.8;
  EXPECT_GT(alone, tensor + 0.15 * instructions);
  EXPECT_LT(alone, 3 * tensor);
  const double clocks = 5 * 3 * (tensor + 0.15 * instructions) + alone;
  EXPECT_NEAR(e.seconds, clocks / 1e9 + 1.6e-6, 1e-12);
  EXPECT_NEAR(e.seconds, 182.5e-6, 0.1e-6);
}

// Blocks beyond the tiles share the sums, so each has half of the steps.
TEST(FpropTime, DividesTheStepsByTheBlocksThatShareATile) {
  const ModelledGpu gpu = small_gpu();
  const RecordedCall call = conv_of({1, 8, 8, 512}, {128, 3, 3, 512}, {1, 8, 8, 128});
  const auto time = [&](int64_t blocks) {
    const PlannedLaunch launch{.grid = {1, 1, blocks}, .threads = 128, .smem = 65536};
    return fprop_time({gpu, call, launch, parse_kernel_name(kTile), kThreeSteps}).seconds;
  };
  EXPECT_NEAR(time(1) - time(2), 72 * 866.288e-9, 1e-12);
}

// 4 parts of 64 x 128 results in f32, the result in bf16 and a gate.
TEST(TrafficTime, OfSplitSumsIsThatOfAllParts) {
  const ModelledGpu gpu = modelled_gpu("h200");
  RecordedCall call = conv_of({1, 8, 8, 512}, {128, 3, 3, 512}, {1, 8, 8, 128});
  call.operands.push_back({"gate", DType::bf16, {1, 8, 8, 128}});
  int product = 0, sum = 0;
  call.launches = {{.kernel = &product, .grid = {1, 4, 1}}, {.kernel = &sum, .grid = {32, 9, 1}}};
  const KernelName name = parse_kernel_name("fprop_sums_kernel<__nv_bfloat16, 8, 1>");
  const double bytes = 64 * 128 * (4 * 4 + 2 * 2);
  EXPECT_DOUBLE_EQ(traffic_time({gpu, call, call.launches[1], name, {}}).seconds,
                   bytes / (0.8 * 5.5e12) + 1.6e-6 + 0.4e-6);
}

TEST(WgradTime, CountsThePartialSumsOfEveryChunk) {
  const ModelledGpu gpu = small_gpu();
  const RecordedCall call{.name = "conv2d_weight_grad",
                          .mode = ConvMode::same,
                          .operands = {{"dy", DType::bf16, {4, 32, 32, 128}},
                                       {"x", DType::bf16, {4, 32, 32, 64}},
                                       {"dw", DType::f32, {128, 3, 3, 64}}}};
  const KernelName name = parse_kernel_name("wgrad_kernel<__nv_bfloat16, 0>");
  const KernelCode code{"", 242, 93, 40, 13, 62};
  const PlannedLaunch launch{.grid = {2, 5, 1}, .threads = 256, .smem = 100 << 10};
  EXPECT_DOUBLE_EQ(wgrad_partial_bytes({gpu, call, launch, name, code}), 5.0 * 128 * 9 * 64 * 4);
  // 16 patches of 64 pixels in a row of blocks: 13 for each block of 5 rows.
  const Estimate e = wgrad_time({gpu, call, launch, name, code});
  EXPECT_GT(e.seconds, 13 * 4 * 36 * (2048 / 250.0) / 1e9);
  const PlannedLaunch other{.grid = {2, 5, 1}, .threads = 128, .smem = 100 << 10};
  EXPECT_THROW(wgrad_time({gpu, call, other, name, code}), Error);
}

TEST(TrafficTime, IsEveryOperandOnceAndAGap) {
  ModelledGpu gpu = modelled_gpu("h200");
  const auto seconds = [&](const Shape& shape) {
    const RecordedCall call{.name = "unary",
                            .operands = {{"x", DType::f32, shape}, {"y", DType::f32, shape}}};
    return traffic_time({gpu, call, {}, parse_kernel_name("map_kernel<4, Unary<float> >"), {}})
        .seconds;
  };
  EXPECT_DOUBLE_EQ(seconds({1, 1, 1, 1'000'000}), 8e6 / 5.5e12 + 1.6e-6);    // L2
  EXPECT_DOUBLE_EQ(seconds({1, 1, 1, 100'000'000}), 8e8 / 4.0e12 + 1.6e-6);  // memory
}

TEST(KernelName, HasTheNumbersOfItsTemplateArguments) {
  const KernelName name = parse_kernel_name(kTile);
  EXPECT_EQ(name.family, "fprop_kernel");
  EXPECT_TRUE(name.bf16);
  EXPECT_EQ(name.numbers, (std::vector<int>{128, 128, 2, 2, 2, 97, 0}));
  EXPECT_THROW(name.number(7), Error);
  EXPECT_EQ(parse_kernel_name("grad_check_kernel").family, "grad_check_kernel");
}

TEST(KernelTable, FindsTheLineOrTheMostSimilarOne) {
  const KernelCode table[] = {{"f<float, 12, 1>", 10}, {"f<float, 34, 1>", 20}, {"g<float>", 30}};
  const auto found = [&](const char* name) { return code_of(table, parse_kernel_name(name)); };
  EXPECT_TRUE(found("f<float, 34, 1>").known);
  EXPECT_EQ(found("f<float, 34, 1>").code.registers, 20);
  EXPECT_FALSE(found("f<float, 34, 2>").known);
  EXPECT_EQ(found("f<float, 34, 2>").code.registers, 20);
  EXPECT_EQ(found("h<float>").code.registers, 64);
  EXPECT_EQ(found("h<float>").code.instructions, 0);
}

TEST(IterationFloor, IsThatOfTheReferencePeaks) {
  const ModelledGpu gpu = modelled_gpu("h200");
  EXPECT_NEAR(iteration_floor(gpu, Precision::bf16, 1024), 7.93e-3, 0.01e-3);
  EXPECT_NEAR(iteration_floor(gpu, Precision::tf32, 1024), 15.33e-3, 0.01e-3);
}

TEST(OfficialSchedule, HasTwelveMillionImages) {
  double sum = 0;
  for (int64_t r = 4; r <= 1024; r *= 2)
    sum += scheduled_images(r).stable + scheduled_images(r).fading;
  EXPECT_EQ(sum, 12e6);
  EXPECT_EQ(scheduled_images(4).fading, 0);
  constexpr double kBorder = 1;  // a fade starts one image late
  EXPECT_NEAR(scheduled_images(64).fading, 600e3, kBorder);
  EXPECT_NEAR(scheduled_images(1024).stable, 2400e3, kBorder);
}

TEST(ModelOption, UnknownNamesAreOneSentenceWithTheKnownOnes) {
  for (const char* arguments : {"--model tpu", "--model h200 --precision fp32"}) {
    const test::Outcome outcome = test::Sandbox().run(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  const std::string said = test::Sandbox().run("--model tpu").err;
  for (const std::string& name : modelled_gpus()) {
    EXPECT_NE(said.find(name), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace pg::bench
