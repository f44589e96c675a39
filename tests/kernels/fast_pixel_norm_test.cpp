// fast_pixel_norm_test.cpp: pixel norm gives the bits of the direct loop on every instruction set.
#include "kernels/cpu/cpu_backend.h"
#include "tests/kernels/fast_kernels.h"

namespace pg::cpu {
namespace {

class FastPixelNormOn : public ::testing::TestWithParam<Isa> {};
INSTANTIATE_TEST_SUITE_P(Isa, FastPixelNormOn, ::testing::ValuesIn(available()), name_of_case);

TEST_P(FastPixelNormOn, HasTheBitsOfTheDirectLoop) {
  CpuBackend direct(1, CpuPath::direct);
  for (const Shape s : {Shape{1, 1, 1, 1}, Shape{2, 3, 5, 3}, Shape{1, 17, 1, 8},
                        Shape{2, 3, 5, 16}, Shape{2, 3, 5, 17}, Shape{1, 3, 5, 40},
                        Shape{3, 33, 35, 64}, Shape{1, 1, 3, 512}, Shape{1, 1, 3, 1037}}) {
    SCOPED_TRACE(message(s));
    const auto x = random_floats(s, 1);
    const Shape sr{s.n, s.h, s.w, 1};
    std::vector<float> want(x.size()), want_r(static_cast<size_t>(s.pixels()));
    direct.pixel_norm(
        {.x = view_of(x, s), .y = view_of(want, s), .r = view_of(want_r, sr), .eps = 1e-8});
    for (const int threads : {1, 3}) {
      FastPath fast(threads, GetParam());
      std::vector<float> y(x.size()), r(want_r.size()), same = x;
      ASSERT_TRUE(fast.pixel_norm(
          {.x = view_of(x, s), .y = view_of(y, s), .r = view_of(r, sr), .eps = 1e-8}));
      EXPECT_TRUE(same_bits(y, want));
      EXPECT_TRUE(same_bits(r, want_r));
      ASSERT_TRUE(fast.pixel_norm({.x = view_of(same, s), .y = view_of(same, s), .eps = 1e-8}));
      EXPECT_TRUE(same_bits(same, want));
    }
  }
}

}  // namespace
}  // namespace pg::cpu
