// matmul_tensor_test.cpp: f32 matrix products on tensor cores, compared with literal loops in
// double.
#include <cmath>

#include "kernels/cuda/device/launchers.h"
#include "tests/kernels/kernel_device.h"
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

struct Product {
  int64_t rows, depth, columns;
  Transpose trans_a, trans_b;
};

Host matrix(int64_t rows, int64_t columns, Transpose t, uint64_t seed) {
  return random_host(t == Transpose::no ? Shape{rows, 1, 1, columns} : Shape{columns, 1, 1, rows},
                     seed);
}
double element(const Host& m, int64_t row, int64_t column, Transpose t) {
  return t == Transpose::no ? m(row, 0, 0, column) : m(column, 0, 0, row);
}

// a and b start `shift` elements into their memory.
std::vector<Host> multiply(const Product& p, const Host& a, const Host& b, const Host& before,
                           int64_t shift) {
  const std::unique_ptr<Backend> memory = device_variants().back().open();
  cuda::Queue queue(0, MatrixMath::tf32);
  Bench bench(*memory, DType::f32);
  const auto shifted = [&](const Host& m) {
    Host whole({1, 1, 1, m.shape.numel() + shift});
    std::copy(m.data.begin(), m.data.end(), whole.data.begin() + shift);
    return ConstTensorView{bench.in(whole).as<float>() + shift, DType::f32, m.shape};
  };
  cuda::matmul(queue, {.a = shifted(a),
                       .b = shifted(b),
                       .y = bench.inout(before),
                       .trans_a = p.trans_a,
                       .trans_b = p.trans_b,
                       .scale = 0.5,
                       .accumulate = Accumulate::add});
  PG_CUDA(cudaStreamSynchronize(queue.stream()));
  return bench.finish();
}

constexpr Transpose kNo = Transpose::no, kYes = Transpose::yes;

TEST(MatmulTensor, F32InTf32MathMatches) {
  const Product products[] = {{65, 40, 68, kNo, kNo},   {7, 33, 5, kNo, kNo},
                              {16, 36, 72, kNo, kYes},  {9, 600, 13, kNo, kYes},
                              {64, 8, 20, kYes, kNo},   {3, 17, 70, kYes, kNo},
                              {20, 256, 4, kYes, kYes}, {5, 7, 9, kYes, kYes}};
  for (const Product& p : products) {
    for (const int64_t shift : {0, 1}) {
      SCOPED_TRACE(message(p.rows, " x ", p.depth, " x ", p.columns, " from ", shift));
      const Host a = matrix(p.rows, p.depth, p.trans_a, 1);
      const Host b = matrix(p.depth, p.columns, p.trans_b, 2);
      const Host before = random_host({p.rows, 1, 1, p.columns}, 3);
      Host want = before;
      for_each({p.rows, p.columns, 1, p.depth}, [&](auto m, auto j, auto, auto l) {
        want(m, 0, 0, j) += 0.5 * element(a, m, l, p.trans_a) * element(b, l, j, p.trans_b);
      });
      expect_close(multiply(p, a, b, before, shift)[0], want, DType::f32, p.depth);
    }
  }
}

// 0.3f lies above the middle between two tf32 numbers, so cutting it off gives the lower one.
TEST(MatmulTensor, RoundsFactorsToTheNearestTf32) {
  constexpr double kNearest = 0x1.334p-2;
  const Product p{3, 64, 3, kNo, kNo};
  const Host a({3, 1, 1, 64}, static_cast<double>(0.3f)), b({64, 1, 1, 3}, 1.0);
  const double got = multiply(p, a, b, Host({3, 1, 1, 3}), 0)[0].data[0];
  EXPECT_NEAR(got, 0.5 * 64 * kNearest, 1e-6);
}

}  // namespace
}  // namespace pg::test
