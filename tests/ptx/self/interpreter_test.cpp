// interpreter_test.cpp: the interpreter on kernels.cu, as nvcc compiles it: healthy kernels give
// the right results and planted bugs are reported, in each order of lanes, warps and blocks.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

#include "tests/ptx/interpreter/counting.h"
#include "tests/ptx/interpreter/memory.h"
#include "tests/ptx/interpreter/module.h"

namespace pg::ptx {
namespace {

Module& module() {
  static Module m = Module::load(PG_PTX_KERNELS);
  return m;
}

template <typename T>
T* device(const std::vector<T>& values) {
  T* const p = reinterpret_cast<T*>(allocate(values.size() * sizeof(T)));
  std::copy(values.begin(), values.end(), p);
  return p;
}

// The first line of the report of a fault; empty without one.
std::string fault_of(const std::function<void()>& launch) {
  try {
    launch();
  } catch (const Error& e) {
    const std::string what = e.what();
    return what.substr(0, what.find("\n  in"));
  }
  return "";
}

class Interpreter : public testing::TestWithParam<Order> {
 protected:
  void SetUp() override {
    before_ = options();
    options().order = GetParam();
    options().races = true;
    options().limit = 100'000;
  }
  void TearDown() override { options() = before_; }

 private:
  Options before_;
};

uint16_t bf16(float x) { return static_cast<uint16_t>(std::bit_cast<uint32_t>(x) >> 16); }
float value(uint16_t x) { return std::bit_cast<float>(static_cast<uint32_t>(x) << 16); }

TEST(Kernels, ThatFollowEarlierOnesAreKnown) {
  EXPECT_TRUE(module().kernel("follows").follows);
  for (const char* const name : {"reads_first", "writes_first", "leaves_first", "meet"}) {
    EXPECT_FALSE(module().kernel(name).follows) << name;
  }
}

TEST_P(Interpreter, MultipliesBf16Tiles) {
  std::vector<uint16_t> a(256), b(128);
  for (int i = 0; i < 256; ++i) {
    a[static_cast<size_t>(i)] = bf16(static_cast<float>((i * 37 + 11) % 61 - 30));
  }
  for (int i = 0; i < 128; ++i) {
    b[static_cast<size_t>(i)] = bf16(static_cast<float>((i * 29 + 5) % 53 - 26));
  }
  for (const int trans : {0, 1}) {
    float* const d = device(std::vector<float>(128, NAN));
    module().launch("tile_bf16", {1}, {32}, 0, device(a), device(b), d, trans);
    for (size_t r = 0; r < 16; ++r) {
      for (size_t c = 0; c < 8; ++c) {
        float sum = 0;
        for (size_t k = 0; k < 16; ++k) sum += value(a[r * 16 + k]) * value(b[k * 8 + c]);
        ASSERT_EQ(d[r * 8 + c], sum) << "trans " << trans << ", row " << r << ", column " << c;
      }
    }
  }
}

// 1 - 2^-25 is halfway between 1 - 2^-24 and 1.
TEST_P(Interpreter, SumsAsTheChosenTensorCore) {
  std::vector<uint16_t> a(256, bf16(0.0f)), b(128, bf16(1.0f));
  a[0] = bf16(1.0f);
  a[1] = bf16(-0x1p-25f);
  float* const d = device(std::vector<float>(128, NAN));
  for (const auto core : {hardware::TensorCore::rounded, hardware::TensorCore::hopper}) {
    options().tensor_core = core;
    module().launch("tile_bf16", {1}, {32}, 0, device(a), device(b), d, 0);
    EXPECT_EQ(d[0], core == hardware::TensorCore::rounded ? 1.0f : 1.0f - 0x1p-24f);
  }
}

TEST_P(Interpreter, CountsTheTrafficOfAKernel) {
  const std::vector<uint16_t> a(256, bf16(1.0f)), b(128, bf16(1.0f));
  float* const d = device(std::vector<float>(128, NAN));
  hardware::LaunchCounters c;
  counters() = &c;
  if (GetParam() == Order::serial) options().order = Order::lockstep;  // or each lane counts alone
  module().launch("tile_bf16", {1}, {32}, 0, device(a), device(b), d, 0);
  counters() = nullptr;
  EXPECT_EQ(c.loads.requests, 12u);  // of 32 values of 2 bytes
  EXPECT_EQ(c.loads.sectors, 24u);
  EXPECT_EQ(c.loads.bytes, 768u);
  EXPECT_EQ(c.stores.requests, 4u);  // of 4 bytes in every second place, in 8 rows
  EXPECT_EQ(c.stores.sectors, 32u);
  EXPECT_EQ(c.ldmatrix, 2u);
  EXPECT_EQ(c.shared_loads.ideal,
            8u);  // matrices; their rows are 32 bytes apart: two meet in a bank
  EXPECT_EQ(c.shared_loads.wavefronts, 16u);
  EXPECT_EQ(c.mma, 1u);
}

// 0.3 lies above the middle between two tf32 numbers, so cutting gives another number.
TEST_P(Interpreter, MultipliesTf32Tiles) {
  constexpr double kRounded = 0x1.334p-2, kCut = 0x1.33p-2;
  float* const d = device(std::vector<float>(128, NAN));
  for (const int rounded : {0, 1}) {
    module().launch("tile_tf32", {1}, {32}, 0, d, 0.3f, 1.0f, rounded);
    for (size_t i = 0; i < 128; ++i) {
      ASSERT_EQ(static_cast<double>(d[i]), 8 * (rounded != 0 ? kRounded : kCut));
    }
  }
  options().strict_tf32 = true;
  const auto launch = [&](int rounded) {
    return fault_of([&] { module().launch("tile_tf32", {1}, {32}, 0, d, 0.3f, 1.0f, rounded); });
  };
  EXPECT_EQ(launch(1), "");
  EXPECT_NE(launch(0).find("not rounded to tf32"), std::string::npos);
}

struct Pair {
  int a;
  double b;
};
struct Float3 {
  float x, y, z;
};

TEST_P(Interpreter, ReadsParametersOfEverySizeAndCallsFunctions) {
  std::vector<double> in(32);
  for (size_t i = 0; i < 32; ++i) in[i] = 0.25 * static_cast<double>(i + 1);
  double* const out = device(std::vector<double>(32));
  module().launch("parameters", {1}, {32}, 0, out, int8_t{-3}, Pair{7, 0.5}, Float3{2, 3, 4},
                  device(in));
  for (size_t i = 0; i < 32; ++i) {
    EXPECT_NEAR(out[i], -3 + 3.5 + 10 + std::pow(in[i], 1.5), 1e-12);
  }
}

TEST_P(Interpreter, RunsLanesThatPartAndMeet) {
  int* const sums = device(std::vector<int>(64));
  module().launch("divergent", {1}, {64}, 0, sums, 3);
  for (int w = 0; w < 2; ++w) {
    int want = 16 + 1 + 3;  // ballot, or, count
    for (int t = 32 * w; t < 32 * w + 32; ++t) {
      for (int i = 0; i < t % 7; ++i) want += ((i ^ t) & 1) != 0 ? i : -3;
    }
    for (int t = 32 * w; t < 32 * w + 32; ++t) ASSERT_EQ(sums[t], want) << t;
  }
}

uint32_t permuted(uint32_t x, uint32_t y, uint32_t selectors) {
  const uint64_t both = uint64_t{y} << 32 | x;
  uint32_t r = 0;
  for (int k = 0; k < 4; ++k) {
    r |= static_cast<uint32_t>(both >> 8 * (selectors >> 4 * k & 7) & 255) << 8 * k;
  }
  return r;
}

TEST_P(Interpreter, ComputesIntegersLikeTheHost) {
  std::vector<uint32_t> in(32);
  for (uint32_t i = 0; i < 32; ++i) in[i] = (i + 1) * 0x9E3779B9u;
  in[7] = 0;
  in[8] = 0x80000000u;
  uint32_t* const out = device(std::vector<uint32_t>(256));
  module().launch("integers", {1}, {32}, 0, out, device(in));
  const uint32_t largest = *std::max_element(in.begin(), in.end());
  for (uint32_t t = 0; t < 32; ++t) {
    const uint32_t x = in[t], y = in[(t + 1) % 32];
    const auto s = static_cast<int32_t>(x);
    const uint32_t left = t == 0 ? y : y << t | x >> (32 - t);
    const uint32_t want[] = {
        x * y + t,
        static_cast<uint32_t>(uint64_t{x} * y >> 32),
        static_cast<uint32_t>(s >> (y & 31)) ^ left,
        permuted(x, y, 0x3715),
        y == 0 ? 0 : x / y,
        static_cast<uint32_t>(static_cast<int32_t>(static_cast<float>(s) * 1e-3f)),
        static_cast<uint32_t>(std::countl_zero(x) * 100 + std::popcount(x)),
        largest};
    for (size_t k = 0; k < 8; ++k) EXPECT_EQ(out[t * 8 + k], want[k]) << t << ", " << k;
  }
}

// nvcc moves an asm without "memory"; only its own output can show that.
TEST_P(Interpreter, ShowsAnInstructionThatTheCompilerMoved) {
  for (const bool careless : {false, true}) {
    float* const d = device(std::vector<float>(64));
    const std::string fault = fault_of(
        [&] { module().launch(careless ? "not_clobbered" : "clobbered", {1}, {32}, 0, d, 3); });
    bool same = fault.empty();
    for (int i = 0; i < 64; ++i) same &= d[i] == static_cast<float>(3 * i + 3);
    EXPECT_EQ(same, !careless) << fault;
  }
}

TEST_P(Interpreter, ReportsBlocksThatMeet) {
  options().global_races = true;
  static const char* const kReports[] = {"", "another value", "race: ", "nc"};
  for (int bug = 0; bug <= 3; ++bug) {
    float* const out = device(std::vector<float>(128));
    float* const in = bug == 3 ? out : device(std::vector<float>(128));
    const std::string got = fault_of([&] { module().launch("meet", {2}, {32}, 0, out, in, bug); });
    EXPECT_EQ(got.empty(), bug == 0) << got;
    EXPECT_NE(got.find(kReports[bug]), std::string::npos) << bug << ": " << got;
  }
}

TEST_P(Interpreter, ReportsPlantedBugs) {
  static const std::vector<std::string> kReports[] = {{""},
                                                      {"out of bounds"},
                                                      {"misaligned"},
                                                      {"nobody has written"},
                                                      {"race", "nobody has written"},
                                                      {"race", "nobody has written"},
                                                      {"deadlock"},
                                                      {"deadlock"},
                                                      {"cp.async to it is under way"},
                                                      {"race", "nobody has written"},
                                                      {"nobody has written", "out of bounds"},
                                                      {"race"},
                                                      {"runs for ever"},
                                                      {""}};
  for (int bug = 0; bug < static_cast<int>(std::size(kReports)); ++bug) {
    float* const out = device(std::vector<float>(64));
    const float* const in = device(std::vector<float>(256, 1.5f));
    const int n = bug == 10 ? 1000 : 64;
    const std::string got =
        fault_of([&] { module().launch("bugs", {1}, {64}, 0, out, in, n, bug); });
    const auto& wanted = kReports[bug];
    const bool found = std::any_of(wanted.begin(), wanted.end(), [&](const std::string& want) {
      return want.empty() ? got.empty() : got.find(want) != std::string::npos;
    });
    EXPECT_TRUE(found) << "bug " << bug << ": " << got;
    if (bug == 13) {
      EXPECT_EQ(out[5], 0.0f);
    }
  }
}

// A fault names the thread, the block and the line of the source (-lineinfo).
TEST_P(Interpreter, NamesThreadAndLine) {
  float* const out = device(std::vector<float>(64));
  const std::string got = fault_of([&] { module().launch("bugs", {1}, {64}, 0, out, out, 64, 1); });
  EXPECT_NE(got.find(" of block (0,0,0) at line "), std::string::npos) << got;
  EXPECT_NE(got.find("kernels.cu:"), std::string::npos) << got;
}

TEST_P(Interpreter, ChecksLaunches) {
  float* const out = device(std::vector<float>(64));
  const auto launch = [&](Dim3 grid, Dim3 block) {
    return fault_of([&] { module().launch("bugs", grid, block, 0, out, out, 64, 1); });
  };
  EXPECT_NE(launch({1, 65536}, {64}).find("a grid of 1 x 65536 x 1"), std::string::npos);
  EXPECT_NE(launch({1}, {2048}).find("a block of 2048 threads"), std::string::npos);
  EXPECT_NE(launch({0}, {64}).find("a grid of 0"), std::string::npos);
}

TEST_P(Interpreter, ReportsUseAfterFree) {
  float* const out = device(std::vector<float>(64));
  const float* const in = device(std::vector<float>(64));
  release(reinterpret_cast<uint64_t>(in));
  const std::string got = fault_of([&] { module().launch("bugs", {1}, {64}, 0, out, in, 64, 0); });
  EXPECT_NE(got.find("has been freed"), std::string::npos) << got;
}

INSTANTIATE_TEST_SUITE_P(Orders, Interpreter,
                         testing::Values(Order::lockstep, Order::reverse, Order::serial),
                         [](const auto& o) {
                           return o.param == Order::lockstep  ? "Lockstep"
                                  : o.param == Order::reverse ? "Reverse"
                                                              : "Serial";
                         });

}  // namespace
}  // namespace pg::ptx
