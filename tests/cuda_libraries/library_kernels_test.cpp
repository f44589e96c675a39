// library_kernels_test.cpp: convolutions and products by stand-ins for cuDNN and cuBLASLt, compared
// with the CPU: the operands passed to them, and the launches before and after.
#include "kernels/cuda/vendor/library_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/cuda/environment.h"
#include "tests/cuda_libraries/stand_in.h"

namespace pg::test {
namespace {

// Runs each candidate without timing it.
class NoTimer : public cuda::TrialTimer {
 public:
  bool ready() override { return true; }
  double seconds(const std::function<void()>& work) override {
    work();
    return 1.0;
  }
};

class LibraryKernelsTest : public ::testing::Test {
 protected:
  // A tensor of random numbers that are exact in bf16, aligned as on a device.
  TensorView random(const Shape& shape, DType dtype = DType::f32) {
    const TensorView exact = zeros(shape, DType::f32);
    for (int64_t i = 0; i < shape.numel(); ++i) {
      seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
      exact.as<float>()[i] = static_cast<float>(static_cast<int>(seed_ >> 56) - 128) / 128.0f;
    }
    return dtype == DType::f32 ? exact : rounded(exact);
  }
  TensorView zeros(const Shape& shape, DType dtype = DType::f32) {
    const TensorView view{cpu_->allocate(shape.numel() * size_of(dtype) + 16), dtype, shape};
    memory_.push_back(view.data);
    std::fill_n(static_cast<char*>(view.data), shape.numel() * size_of(dtype), 0);
    return view;
  }
  TensorView copy_of(const ConstTensorView& v) {
    const TensorView copy = zeros(v.shape, v.dtype);
    cpu_->copy(copy, v);
    return copy;
  }
  TensorView rounded(const ConstTensorView& v) {
    const TensorView narrow = zeros(v.shape, DType::bf16);
    cpu_->convert({.x = v, .y = narrow});
    return narrow;
  }
  TensorView widened(const ConstTensorView& v) {
    const TensorView wide = zeros(v.shape);
    v.dtype == DType::f32 ? cpu_->copy(wide, v) : cpu_->convert({.x = v, .y = wide});
    return wide;
  }
  // False if no library supports the call.
  template <typename Args>
  bool run(const Args& args) {
    if (!libraries_.supports(args)) return false;
    libraries_.run(tuner_, args);
    return true;
  }
  // |got - want| <= 1e-5 (f32) or 2 % (bf16) of the largest |want|.
  void expect_close(const ConstTensorView& got, const ConstTensorView& want, DType precision) {
    const TensorView a = widened(got), b = widened(want);
    const int64_t count = a.shape.numel();
    double most = 0.0, error = 0.0;
    for (int64_t i = 0; i < count; ++i) {
      const double x = a.as<float>()[i], y = b.as<float>()[i];
      ASSERT_TRUE(std::isfinite(x)) << "element " << i;
      most = std::max(most, std::abs(y));
      error = std::max(error, std::abs(x - y));
    }
    EXPECT_LE(error, (precision == DType::bf16 ? 2e-2 : 1e-5) * most);
  }
  void TearDown() override {
    for (void* p : memory_) cpu_->release(p);
    set_capturing(false);
  }

  std::unique_ptr<Backend> cpu_ = make_cpu_backend(1, CpuPath::direct);
  std::vector<void*> memory_;
  uint64_t seed_ = 1;
  Variable folder_{"PROGAN_CUDA_LIBRARIES", PG_FAKE_LIBRARIES};
  cuda::Queue queue_{0, MatrixMath::exact};
  cuda::LibraryKernels libraries_{queue_};
  cuda::Autotuner tuner_{cuda::Autotune::on, std::make_unique<NoTimer>(), ""};
};

struct Layer {
  const char* name;
  Shape x, w;
  ConvGeometry geometry;
};

const Layer kLayers[] = {{"same", {2, 5, 6, 7}, {3, 3, 3, 7}, {.scale = 0.7}},
                         {"valid", {2, 4, 4, 3}, {5, 4, 4, 3}, {.pad = 0}},
                         {"1x1", {1, 3, 2, 4}, {6, 1, 1, 4}, {.pad = 0, .scale = 1.5}},
                         {"up", {2, 3, 2, 4}, {5, 3, 3, 4}, {.mode = ConvMode::up, .scale = 0.5}},
                         {"down", {1, 6, 4, 3}, {4, 3, 3, 3}, {.mode = ConvMode::down}}};

Shape result_of(const Layer& l) {
  if (l.geometry.mode == ConvMode::up) return {l.x.n, 2 * l.x.h, 2 * l.x.w, l.w.n};
  if (l.geometry.mode == ConvMode::down) return {l.x.n, l.x.h / 2, l.x.w / 2, l.w.n};
  const int64_t more = 2 * l.geometry.pad + 1;
  return {l.x.n, l.x.h + more - l.w.h, l.x.w + more - l.w.w, l.w.n};
}

TEST_F(LibraryKernelsTest, ReportsTheLibrariesInUse) {
  EXPECT_EQ(libraries_.description().substr(0, 8), "cuDNN 9.");
  EXPECT_NE(libraries_.description().find(", cuBLASLt "), std::string::npos);
  EXPECT_EQ(libraries_.versions().substr(0, 7), "cudnn9.");
}

TEST_F(LibraryKernelsTest, ConvolutionMatchesTheCpu) {
  for (const DType t : {DType::f32, DType::bf16}) {
    for (const Layer& l : kLayers) {
      SCOPED_TRACE(message(l.name, " ", name_of(t)));
      const TensorView x = random(l.x, t), w = random(l.w), b = random({1, 1, 1, l.w.n});
      const Shape y = result_of(l);
      const TensorView gate = random(y, t);
      Conv2dArgs args{.x = x,
                      .w = w,
                      .b = b,
                      .y = zeros(y, t),
                      .geometry = l.geometry,
                      .slope = 0.2,
                      .r = zeros({y.n, y.h, y.w, 1}),
                      .gate = gate};
      ASSERT_TRUE(run(args));
      Conv2dArgs want = args;
      want.x = widened(x);
      want.gate = widened(gate);
      want.y = zeros(y);
      want.r = zeros(args.r.shape);
      cpu_->conv2d(want);
      expect_close(args.y, want.y, t);
      expect_close(args.r, want.r, t);
    }
  }
}

TEST_F(LibraryKernelsTest, InputGradientMatchesTheCpu) {
  for (const DType t : {DType::f32, DType::bf16}) {
    for (const Layer& l : kLayers) {
      SCOPED_TRACE(message(l.name, " ", name_of(t)));
      const TensorView dy = random(result_of(l), t), w = random(l.w), gate = random(l.x, t);
      for (const TensorView& r : {TensorView{}, random({l.x.n, l.x.h, l.x.w, 1})}) {
        const Conv2dInputGradArgs args{
            .dy = dy, .w = w, .dx = zeros(l.x, t), .geometry = l.geometry, .gate = gate, .r = r};
        ASSERT_TRUE(run(args));
        Conv2dInputGradArgs want = args;
        want.dy = widened(dy);
        want.gate = widened(gate);
        want.dx = zeros(l.x);
        cpu_->conv2d_input_grad(want);
        expect_close(args.dx, want.dx, t);
      }
    }
  }
}

// Each plan is tried once and timed three times before the first result, but adds to it only once.
TEST_F(LibraryKernelsTest, WeightGradientMatchesTheCpuAndAddsOnce) {
  for (const DType t : {DType::f32, DType::bf16}) {
    for (const Accumulate accumulate : {Accumulate::add, Accumulate::overwrite}) {
      for (const Layer& l : kLayers) {
        SCOPED_TRACE(message(l.name, " ", name_of(t), accumulate == Accumulate::add ? " add" : ""));
        const TensorView x = random(l.x, t), dy = random(result_of(l), t), dw = random(l.w),
                         db = random({1, 1, 1, l.w.n});
        Conv2dWeightGradArgs want{.dy = widened(dy),
                                  .x = widened(x),
                                  .dw = copy_of(dw),
                                  .geometry = l.geometry,
                                  .accumulate = accumulate,
                                  .db = copy_of(db),
                                  .db_accumulate = accumulate};
        cpu_->conv2d_weight_grad(want);
        Conv2dWeightGradArgs args = want;
        args.x = x;
        args.dy = dy;
        args.dw = dw;
        args.db = db;
        ASSERT_TRUE(run(args));
        expect_close(args.dw, want.dw, t);
        expect_close(args.db, want.db, t);
      }
    }
  }
}

TEST_F(LibraryKernelsTest, CopiesOfFiltersLastAsLongAsTheirVersion) {
  const Layer& l = kLayers[0];
  const TensorView x = random(l.x, DType::bf16), w = random(l.w);
  const auto result = [&](uint64_t version) {
    const Conv2dArgs args{.x = x,
                          .w = at_version(w, version),
                          .y = zeros(result_of(l), DType::bf16),
                          .geometry = l.geometry};
    EXPECT_TRUE(run(args));
    const TensorView y = widened(args.y);
    return std::vector<float>(y.as<float>(), y.as<float>() + y.shape.numel());
  };
  const std::vector<float> before = result(1);
  cpu_->affine({.x = w, .y = w, .scale = -1.0});
  EXPECT_EQ(result(1), before);
  std::vector<float> after = before;
  for (float& v : after) v = -v;
  EXPECT_EQ(result(2), after);
  cpu_->affine({.x = w, .y = w, .scale = -1.0});
  EXPECT_EQ(result(0), before);
}

TEST_F(LibraryKernelsTest, ProductsMatchTheCpu) {
  for (const DType t : {DType::f32, DType::bf16}) {
    for (const Transpose ta : {Transpose::no, Transpose::yes}) {
      for (const Transpose tb : {Transpose::no, Transpose::yes}) {
        for (const Accumulate accumulate : {Accumulate::add, Accumulate::overwrite}) {
          SCOPED_TRACE(message(name_of(t), " ", static_cast<int>(ta), static_cast<int>(tb)));
          const int64_t m = 5, l = 7, j = 3;
          const TensorView a =
              ta == Transpose::no ? random({m, 1, 1, l}, t) : random({l, 1, 1, m}, t);
          const TensorView b = tb == Transpose::no ? random({l, 1, 1, j}) : random({j, 1, 1, l});
          const TensorView y = random({m, 1, 1, j});
          MatmulArgs want{.a = widened(a),
                          .b = b,
                          .y = copy_of(y),
                          .trans_a = ta,
                          .trans_b = tb,
                          .scale = 0.3,
                          .accumulate = accumulate};
          cpu_->matmul(want);
          MatmulArgs args = want;
          args.a = a;
          args.y = y;
          ASSERT_TRUE(run(args));
          expect_close(args.y, want.y, DType::f32);
        }
      }
    }
  }
}

TEST_F(LibraryKernelsTest, SupportsOnlyTypesAndAlignmentOfTheLibraries) {
  const TensorView x{zeros({2, 4, 4, 8}, DType::f64).data, DType::f64, {2, 4, 4, 8}};
  const TensorView w{zeros({2, 3, 3, 8}, DType::f64).data, DType::f64, {2, 3, 3, 8}};
  const TensorView y{zeros({2, 4, 4, 2}, DType::f64).data, DType::f64, {2, 4, 4, 2}};
  EXPECT_FALSE(libraries_.supports(Conv2dArgs{.x = x, .w = w, .y = y}));
  TensorView narrow = random({2, 4, 4, 8});
  narrow.data = static_cast<char*>(narrow.data) + 4;
  const TensorView wide = random({2, 3, 3, 8}), result = zeros({2, 4, 4, 2});
  EXPECT_FALSE(libraries_.supports(Conv2dArgs{.x = narrow, .w = wide, .y = result}));
  narrow.data = static_cast<char*>(narrow.data) - 4;
  EXPECT_TRUE(libraries_.supports(Conv2dArgs{.x = narrow, .w = wide, .y = result}));
  EXPECT_FALSE(libraries_.supports(MatmulArgs{.a = x, .b = x, .y = y}));
}

// The stand-in's failing plan is dropped by the first call, except during a capture, which tries
// none.
TEST_F(LibraryKernelsTest, TriesPlansOnlyOutsideOfCaptures) {
  const Layer& l = kLayers[0];
  const Conv2dArgs args{
      .x = random(l.x), .w = random(l.w), .y = zeros(result_of(l)), .geometry = l.geometry};
  set_capturing(true);
  EXPECT_TRUE(libraries_.supports(args));
  EXPECT_THROW(libraries_.run(tuner_, args), DeviceError);
  set_capturing(false);
  EXPECT_TRUE(run(args));
  set_capturing(true);
  EXPECT_TRUE(run(args));
}

}  // namespace
}  // namespace pg::test
