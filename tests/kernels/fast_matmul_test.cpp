// fast_matmul_test.cpp: the fast CPU matrix product compared with plain sums in double, one test
// per instruction set of this processor.
#include <utility>

#include "tests/kernels/fast_kernels.h"

namespace pg::cpu {
namespace {

class FastMatmulOn : public testing::TestWithParam<Isa> {};
INSTANTIATE_TEST_SUITE_P(Isa, FastMatmulOn, testing::ValuesIn(available()), name_of_case);

struct Product {
  int64_t m, j, l;
};

// scale * op(a) op(b) + before, in double.
std::vector<double> product_of(const Product& e, bool ta, bool tb, const std::vector<float>& a,
                               const std::vector<float>& b, const std::vector<float>& before) {
  std::vector<double> want(before.size());
  for (int64_t m = 0; m < e.m; ++m) {
    for (int64_t j = 0; j < e.j; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < e.l; ++l) {
        sum += static_cast<double>(a[static_cast<size_t>(ta ? l * e.m + m : m * e.l + l)]) *
               static_cast<double>(b[static_cast<size_t>(tb ? j * e.l + l : l * e.j + j)]);
      }
      const auto at = static_cast<size_t>(m * e.j + j);
      want[at] = 0.5 * sum + static_cast<double>(before[at]);
    }
  }
  return want;
}

TEST_P(FastMatmulOn, MatchesDirectSums) {
  for (const Product& e : {Product{1, 1, 1}, Product{16, 1, 512}, Product{5, 33, 17},
                           Product{130, 70, 300}, Product{70, 257, 40}, Product{64, 512, 16}}) {
    for (const int transposed : {0, 1, 2, 3}) {
      SCOPED_TRACE(message(e.m, " ", e.j, " ", e.l, " transposed ", transposed));
      const bool ta = (transposed & 1) != 0, tb = (transposed & 2) != 0;
      const Shape sa{ta ? e.l : e.m, 1, 1, ta ? e.m : e.l};
      const Shape sb{tb ? e.j : e.l, 1, 1, tb ? e.l : e.j};
      const auto a = random_floats(sa, 1), b = random_floats(sb, 2);
      const auto before = random_floats({e.m, 1, 1, e.j}, 3);
      std::vector<float> one = before, three = before;
      for (auto [threads, y] : {std::pair{1, &one}, std::pair{3, &three}}) {
        FastPath fast(threads, GetParam());
        ASSERT_TRUE(fast.matmul({.a = view_of(a, sa),
                                 .b = view_of(b, sb),
                                 .y = view_of(*y, {e.m, 1, 1, e.j}),
                                 .trans_a = ta ? Transpose::yes : Transpose::no,
                                 .trans_b = tb ? Transpose::yes : Transpose::no,
                                 .scale = 0.5,
                                 .accumulate = Accumulate::add}));
      }
      expect_close(one, product_of(e, ta, tb, a, b, before), 4e-6);
      EXPECT_TRUE(same_bits(one, three));
    }
  }
}

}  // namespace
}  // namespace pg::cpu
