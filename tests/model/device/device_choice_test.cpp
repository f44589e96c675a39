// device_choice_test.cpp: names of devices, precisions, and the one message for a missing GPU.
#include "model/device/device_choice.h"

#include <gtest/gtest.h>

#include "model/config/device_name.h"
#include "model/config/numerics.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

TEST(DeviceName, ParsesTheFourForms) {
  EXPECT_EQ(parse_device("auto")->kind, DeviceKind::automatic);
  EXPECT_EQ(parse_device("cpu")->kind, DeviceKind::cpu);
  EXPECT_EQ(parse_device("cuda")->kind, DeviceKind::cuda);
  EXPECT_EQ(parse_device("cuda")->index, 0);
  EXPECT_EQ(parse_device("cuda:12")->kind, DeviceKind::cuda);
  EXPECT_EQ(parse_device("cuda:12")->index, 12);
  for (const char* wrong : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1x", "cuda:10000"}) {
    EXPECT_FALSE(parse_device(wrong)) << wrong;
  }
}

TEST(DeviceName, SimilarNamesAreFound) {
  EXPECT_EQ(similar_device("gpu"), "cuda");
  EXPECT_EQ(similar_device("GPU:1"), "cuda:1");
  EXPECT_EQ(similar_device("cuda1"), "cuda:1");
  EXPECT_EQ(similar_device("CPU"), "cpu");
  EXPECT_EQ(similar_device("0"), "cuda:0");
  for (const char* other : {"", "tpu", "cuda:x", "gpus", "-1"})
    EXPECT_EQ(similar_device(other), "");
}

TEST(DeviceChoice, UnknownDeviceIsAUsageError) {
  EXPECT_EQ(error_of<UsageError>([] { choose_device("gpu"); }),
            "unknown device 'gpu': expected auto, cpu, cuda or cuda:I; did you mean cuda?");
}

TEST(DeviceChoice, MissingGpuHasTheSameWordingEverywhere) {
  std::string reason;
  if (cuda_device_count(&reason) > 0) GTEST_SKIP() << "this machine has a GPU";
  const std::string expected = "no GPU available: " + reason + "; use --device cpu";
  EXPECT_EQ(error_of<DeviceError>([] { choose_device("cuda"); }), expected);
  EXPECT_EQ(error_of<DeviceError>([] { choose_device("cuda:63"); }), expected);
  EXPECT_EQ(error_of<DeviceError>([] { make_cuda_backend(0); }), expected);
  const DeviceChoice fallback = choose_device("auto");
  EXPECT_FALSE(fallback.cuda);
  EXPECT_EQ(fallback.reason, reason);
}

TEST(DeviceChoice, AutomaticPrecisionFollowsTheDevice) {
  EXPECT_EQ(resolve_precision(Precision::automatic, {.cuda = true, .reason = {}}), Precision::tf32);
  EXPECT_EQ(resolve_precision(Precision::automatic, {}), Precision::fp32);
  EXPECT_EQ(resolve_precision(Precision::bf16, {.cuda = true, .reason = {}}), Precision::bf16);
  EXPECT_EQ(error_of<UsageError>([] { resolve_precision(Precision::bf16, {}); }),
            "precision: the CPU supports only fp32, got bf16; use --precision fp32");
}

TEST(Numerics, CombineActivationsAndProducts) {
  EXPECT_EQ(numerics_of(Precision::fp32).activations, DType::f32);
  EXPECT_EQ(numerics_of(Precision::fp32).products, MatrixMath::exact);
  EXPECT_EQ(numerics_of(Precision::tf32).activations, DType::f32);
  EXPECT_EQ(numerics_of(Precision::tf32).products, MatrixMath::tf32);
  EXPECT_EQ(numerics_of(Precision::bf16).activations, DType::bf16);
  EXPECT_EQ(numerics_of(Precision::bf16).products, MatrixMath::tf32);
}

}  // namespace
}  // namespace pg
