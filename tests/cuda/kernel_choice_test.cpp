// kernel_choice_test.cpp: calls by the libraries or the fastest candidate, without any library.
#include <fstream>
#include <sstream>

#include "kernels/cuda/device/device_memory.h"
#include "tests/cuda/environment.h"
#include "tests/kernels/conv_reference.h"

namespace pg::test {
namespace {

// Opens backends with their file of choices in the test's folder.
class KernelChoiceTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Backend> open(CudaKernels kernels) {
    return make_cuda_backend(0, MatrixMath::tf32, kernels);
  }
  // The contents of all files of choices.
  std::string choices() const {
    std::ostringstream text;
    if (!std::filesystem::exists(folder_.path() / "progan_cuda")) return "";
    for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "progan_cuda")) {
      text << std::ifstream(file.path()).rdbuf();
    }
    return text.str();
  }

  TestFolder folder_;
  Variable cache_{"XDG_CACHE_HOME", folder_.path().string()};
};

const ConvCase kCases[] = {
    {"same", {2, 5, 7, 16}, {24, 3, 3, 16}, {.scale = 0.7}},
    {"up", {1, 3, 5, 8}, {16, 3, 3, 8}, {.mode = ConvMode::up}},
    {"down", {1, 6, 4, 8}, {16, 3, 3, 8}, {.mode = ConvMode::down}},
    {"RGB", {2, 4, 4, 3}, {16, 1, 1, 3}, {.pad = 0}},
};

std::vector<Host> forward(Backend& backend, const ConvCase& t) {
  Bench b(backend, DType::f32);
  const Shape y = result_shape(t);
  backend.conv2d({.x = b.in(random_host(t.x, 1)),
                  .w = b.in(random_host(t.w, 2)),
                  .b = b.in(random_host({1, 1, 1, t.w.n}, 3)),
                  .y = b.out(y),
                  .geometry = t.geometry,
                  .slope = 0.2,
                  .r = b.out({y.n, y.h, y.w, 1}),
                  .gate = b.in(random_host(y, 4))});
  return b.finish();
}

std::vector<Host> input_grad(Backend& backend, const ConvCase& t) {
  Bench b(backend, DType::f32);
  backend.conv2d_input_grad({.dy = b.in(random_host(result_shape(t), 1)),
                             .w = b.in(random_host(t.w, 2)),
                             .dx = b.out(t.x),
                             .geometry = t.geometry,
                             .gate = b.in(random_host(t.x, 3))});
  return b.finish();
}

void expect_same(const std::vector<Host>& got, const std::vector<Host>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i].data, want[i].data);
}

TEST_F(KernelChoiceTest, MissingLibrariesAreReportedAndOwnKernelsUsed) {
  const auto own = open(CudaKernels::own), vendor = open(CudaKernels::vendor);
  EXPECT_EQ(own->description().find("cuDNN"), std::string::npos);
  EXPECT_NE(vendor->description().find("built without cuDNN and cuBLASLt"), std::string::npos);
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    expect_same(forward(*vendor, t), forward(*own, t));
    expect_same(input_grad(*vendor, t), input_grad(*own, t));
  }
  EXPECT_EQ(choices(), "");
}

TEST_F(KernelChoiceTest, FastestCandidateGivesTheSameResults) {
  const auto own = open(CudaKernels::own), fastest = open(CudaKernels::fastest);
  for (const ConvCase& t : kCases) {
    SCOPED_TRACE(t.name);
    for (int round = 0; round < 2; ++round) {
      expect_same(forward(*fastest, t), forward(*own, t));
      expect_same(input_grad(*fastest, t), input_grad(*own, t));
    }
  }
  EXPECT_NE(
      choices().find("conv2d same tf32 x [2, 5, 7, 16] w [24, 3, 3, 16] pad 1 bias norm gate"),
      std::string::npos)
      << choices();
  EXPECT_NE(choices().find("conv2d_input_grad same tf32 dx [2, 5, 7, 16] w [24, 3, 3, 16] pad 1 "
                           "gate"),
            std::string::npos)
      << choices();
}

TEST_F(KernelChoiceTest, AutotuneOffTimesNothing) {
  const Variable off("PROGAN_CUDA_AUTOTUNE", "off");
  const auto own = open(CudaKernels::own), fastest = open(CudaKernels::fastest);
  expect_same(forward(*fastest, kCases[0]), forward(*own, kCases[0]));
  EXPECT_EQ(choices(), "");
}

// Each candidate runs four times before the first result, but adds to it only once.
TEST_F(KernelChoiceTest, TrialsDoNotAddToTheResult) {
  const auto own = open(CudaKernels::own), fastest = open(CudaKernels::fastest);
  const auto add_all = [](Backend& backend) {
    const ConvCase& t = kCases[0];
    Bench b(backend, DType::f32);
    backend.conv2d_weight_grad({.dy = b.in(random_host(result_shape(t), 1)),
                                .x = b.in(random_host(t.x, 2)),
                                .dw = b.inout(random_host(t.w, 3)),
                                .geometry = t.geometry,
                                .accumulate = Accumulate::add,
                                .db = b.inout(random_host({1, 1, 1, t.w.n}, 4)),
                                .db_accumulate = Accumulate::add});
    backend.matmul({.a = b.in(random_host({5, 1, 1, 24}, 5)),
                    .b = b.in(random_host({24, 1, 1, 8}, 6)),
                    .y = b.inout(random_host({5, 1, 1, 8}, 7)),
                    .accumulate = Accumulate::add});
    return b.finish();
  };
  expect_same(add_all(*fastest), add_all(*own));
  EXPECT_NE(choices().find("conv2d_weight_grad same tf32"), std::string::npos) << choices();
  EXPECT_EQ(choices().find("matmul"), std::string::npos) << "one candidate needs no timing";
}

// Synchronising would break the capture and is an error in the emulator.
TEST_F(KernelChoiceTest, CaptureTimesNothing) {
  const auto fastest = open(CudaKernels::fastest);
  forward(*fastest, kCases[0]);  // allocates scratch memory
  const std::string before = choices();
  const Host x = random_host({1, 4, 4, 16}, 1), w = random_host({8, 3, 3, 16}, 2);
  Bench b(*fastest, DType::f32);
  const Conv2dArgs args{.x = b.in(x), .w = b.in(w), .y = b.out({1, 4, 4, 8})};
  fastest->begin_capture();
  fastest->conv2d(args);
  const auto graph = fastest->end_capture();
  graph->replay();
  const ConvCase t{"", x.shape, w.shape, {}};
  expect_close(b.finish()[0], conv_reference(t, x, w), DType::bf16, reduction(t));
  EXPECT_EQ(choices(), before);
  fastest->conv2d(args);
  EXPECT_NE(choices(), before);
}

TEST(DeviceMemory, LayoutIsAlignedAndMemoryGrows) {
  cuda::BufferLayout layout;
  EXPECT_EQ(layout.add(1), 0);
  EXPECT_EQ(layout.add(0), 256);
  EXPECT_EQ(layout.add(257), 256);
  EXPECT_EQ(layout.bytes(), 256 + 512);
  cuda::DeviceMemory memory;
  char* const first = memory.get(100);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(memory.get(1 << 20), first);
  EXPECT_NE(memory.get((1 << 20) + 1), first);
}

}  // namespace
}  // namespace pg::test
