// conv_plans_test.cpp: cuDNN's plans for a described GPU, which needs no GPU.
#include "kernels/cuda/vendor/conv_plans.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/cuda/vendor/matmul_plans.h"

namespace pg::test {
namespace {

using namespace cuda;

constexpr const char* kH200 =
    R"({"cudaDeviceId":0,"deviceVer":900,"driverVer":13000,"totalGlobalMem":150000000000,)"
    R"("maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],"regsPerBlock":65536,)"
    R"("multiProcessorCount":132,"warpSize":32,"maxSharedMemoryPerBlock":49152,)"
    R"("maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,)"
    R"("maxRegistersPerSM":65536,"maxCtasPerSM":32,"maxThreadsPerBlock":1024,)"
    R"("maxThreadsPerSM":2048,"pciDeviceId":0,"isTccDriver":0,"supportCoopLaunch":1,)"
    R"("smClockRateKHz":1980000,"memClockRateKHz":3201000,"l2CacheSize":62914560,)"
    R"("deviceName":"NVIDIA H200"})";

// cuDNN and the described device; skips the test with the reason if either is unavailable.
class ConvPlans : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!api_.reason.empty()) GTEST_SKIP() << api_.reason;
    constexpr size_t kFirstWithDescriptions = 90800;
    if (api_.get_version() < kFirstWithDescriptions) {
      GTEST_SKIP() << "cuDNN " << api_.version() << " cannot plan for a described GPU";
    }
    device_.emplace(api_, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    device_->set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                 std::span<const char>(kH200, std::char_traits<char>::length(kH200)));
    device_->finalize();
  }
  std::vector<ConvPlan> plans(const ConvSpec& spec, const PlanLimits& limits = {}) const {
    return conv_plans(api_, {.device = &*device_}, spec, limits);
  }
  std::set<cudnnBackendNumericalNote_t> notes(const ConvPlan& plan) const {
    std::vector<CudnnDescriptor> engine;
    engine.emplace_back(api_, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    plan.config.get(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    const auto all =
        engine[0].get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, 32);
    return {all.begin(), all.end()};
  }

  Cudnn api_;
  std::optional<CudnnDescriptor> device_;
};

// Layers of the networks, from many channels of small images to few channels of large ones.
std::vector<ConvSpec> specs(DType dtype, MatrixMath math) {
  struct Layer {
    Shape x, w;
    int64_t pad;
  };
  const Layer layers[] = {
      {{16, 4, 4, 512}, {512, 3, 3, 512}, 1},   {{16, 4, 4, 513}, {512, 3, 3, 513}, 1},
      {{16, 4, 4, 512}, {512, 4, 4, 512}, 0},   {{16, 32, 32, 512}, {512, 3, 3, 512}, 1},
      {{8, 128, 128, 128}, {64, 3, 3, 128}, 1}, {{4, 1024, 1024, 16}, {16, 3, 3, 16}, 1},
      {{4, 256, 256, 3}, {64, 1, 1, 3}, 0},     {{4, 256, 256, 64}, {3, 1, 1, 64}, 0}};
  std::vector<ConvSpec> all;
  for (const Layer& l : layers) {
    const Shape y = {l.x.n, l.x.h + 2 * l.pad - l.w.h + 1, l.x.w + 2 * l.pad - l.w.w + 1, l.w.n};
    for (const ConvPass pass : {ConvPass::forward, ConvPass::input_grad, ConvPass::weight_grad}) {
      const double beta = pass == ConvPass::weight_grad ? 1.0 : 0.0;
      all.push_back({pass, dtype, math, l.x, l.w, y, l.pad, 0.05, beta});
    }
  }
  return all;
}

TEST_F(ConvPlans, EveryLayerHasAPlanWithinTheLimits) {
  for (const ConvSpec& spec : specs(DType::bf16, MatrixMath::exact)) {
    SCOPED_TRACE(spec.words());
    const std::vector<ConvPlan> found = plans(spec);
    ASSERT_GE(found.size(), 1U);
    EXPECT_LE(found.size(), 4U);
    for (const ConvPlan& plan : found) EXPECT_LE(plan.workspace, int64_t{256} << 20);
  }
}

TEST_F(ConvPlans, ExactPlansUseNoTensorCores) {
  for (const ConvSpec& spec : specs(DType::f32, MatrixMath::exact)) {
    SCOPED_TRACE(spec.words());
    const std::vector<ConvPlan> found = plans(spec);
    ASSERT_GE(found.size(), 1U);
    for (const ConvPlan& plan : found) {
      for (const auto note : notes(plan)) EXPECT_EQ(note, CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP);
    }
  }
}

TEST_F(ConvPlans, Tf32PlansUseTensorCores) {
  int with_tensor_cores = 0;
  for (const ConvSpec& spec : specs(DType::f32, MatrixMath::tf32)) {
    for (const ConvPlan& plan : plans(spec)) {
      with_tensor_cores += static_cast<int>(notes(plan).count(CUDNN_NUMERICAL_NOTE_TENSOR_CORE));
    }
  }
  EXPECT_GE(with_tensor_cores, 24);
}

// For weight gradients from few channels cuDNN's first plans use atomic sums.
TEST_F(ConvPlans, NoneIsNondeterministicOrNarrow) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const ConvSpec& spec : specs(dtype, MatrixMath::tf32)) {
      SCOPED_TRACE(spec.words());
      for (const ConvPlan& plan : plans(spec, {.count = 64})) {
        const auto all = notes(plan);
        EXPECT_EQ(all.count(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC), 0U);
        EXPECT_EQ(all.count(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS), 0U);
        EXPECT_EQ(all.count(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION), 0U);
      }
    }
  }
}

TEST_F(ConvPlans, WorkspacesAreLimited) {
  const ConvSpec spec = specs(DType::f32, MatrixMath::tf32)[5 * 3 + 2];  // 16 channels at 1024
  ASSERT_EQ(spec.pass, ConvPass::weight_grad);
  int64_t most = 0;
  for (const ConvPlan& plan : plans(spec, {.count = 64, .workspace = int64_t{1} << 40})) {
    most = std::max(most, plan.workspace);
  }
  EXPECT_GT(most, int64_t{256} << 20) << "no plan exceeds the limit, so it is not tested";
  for (const ConvPlan& plan : plans(spec, {.count = 64})) {
    EXPECT_LE(plan.workspace, int64_t{256} << 20);
  }
}

TEST(ConvSpec, EveryFieldChangesTheKey) {
  const ConvSpec one{.x = {1, 2, 3, 4}, .w = {5, 3, 3, 4}, .y = {1, 2, 3, 5}, .pad = 1};
  std::vector<ConvSpec> others(9, one);
  others[0].pass = ConvPass::input_grad;
  others[1].dtype = DType::bf16;
  others[2].math = MatrixMath::tf32;
  others[3].x.n = 2;
  others[4].w.n = 6;
  others[5].pad = 0;
  others[6].y.h = 4;
  others[7].beta = 1.0;
  others[8].alpha = 0.5;
  for (const ConvSpec& other : others) EXPECT_NE(other.numbers(), one.numbers());
  // The fastest plan does not depend on the factor.
  EXPECT_EQ(others[8].words(), one.words());
  for (size_t i = 0; i < 3; ++i) EXPECT_NE(others[i].words(), one.words());
  EXPECT_EQ(one.words(), "cuDNN convolution forward f32 x [1, 2, 3, 4] w [5, 3, 3, 4] pad 1");
}

TEST(MatmulSpec, EveryFieldChangesTheKey) {
  const MatmulSpec one{.m = 2, .j = 3, .l = 4};
  std::vector<MatmulSpec> others(8, one);
  others[0].m = 9;
  others[1].j = 9;
  others[2].l = 9;
  others[3].trans_a = Transpose::yes;
  others[4].trans_b = Transpose::yes;
  others[5].factors = DType::bf16;
  others[6].result = DType::bf16;
  others[7].math = MatrixMath::tf32;
  for (const MatmulSpec& other : others) {
    EXPECT_NE(other.numbers(), one.numbers());
    EXPECT_NE(other.words(), one.words());
  }
}

TEST(VendorLibraries, MissingLibraryIsReported) {
  const Cudnn cudnn({"libabsent.so.9"});
  EXPECT_NE(cudnn.reason.find("libabsent.so.9 was not found"), std::string::npos) << cudnn.reason;
  const CublasLt lt({"libabsent.so.13"});
  EXPECT_NE(lt.reason.find("libabsent.so.13 was not found"), std::string::npos) << lt.reason;
}

TEST(VendorLibraries, OtherLibrariesAreRejected) {
  const Cudnn cudnn({"libm.so.6"});
  EXPECT_NE(cudnn.reason.find("has no function cudnnGetVersion"), std::string::npos);
  const CublasLt lt({"libm.so.6"});
  EXPECT_NE(lt.reason.find("has no function cublasLtGetVersion"), std::string::npos);
}

}  // namespace
}  // namespace pg::test
