// tensor_test.cpp: mma, ldmatrix and cp.async follow the PTX ISA, in every order of threads.
#include <bit>
#include <cmath>

#include "tests/simt/self/device_array.h"
#include "tests/simt/self/healthy.h"

namespace pg::simt {
namespace {

// Small whole numbers: products of bf16 factors and f32 sums are exact.
template <typename T>
std::vector<T> whole_numbers(size_t count, int step) {
  std::vector<T> v(count);
  for (size_t i = 0; i < count; ++i) {
    v[i] = T(static_cast<float>(static_cast<int>(i) * step % 23 - 11));
  }
  return v;
}

// a[16][depth] b[depth][8]
template <typename T>
std::vector<float> product(const std::vector<T>& a, const std::vector<T>& b, size_t depth) {
  std::vector<float> c(16 * 8, 0.0f);
  for (size_t i = 0; i < 16; ++i) {
    for (size_t j = 0; j < 8; ++j) {
      for (size_t k = 0; k < depth; ++k) {
        c[i * 8 + j] += float{a[i * depth + k]} * float{b[k * 8 + j]};
      }
    }
  }
  return c;
}

template <typename T>
using Multiply = cudaError_t (*)(float*, const T*, const T*);

template <typename T>
void expect_product(Multiply<T> multiply, size_t depth) {
  const auto a = whole_numbers<T>(16 * depth, 5), b = whole_numbers<T>(depth * 8, 7);
  const auto c = in_every_order([&] {
    DeviceArray<T> device_a(a), device_b(b);
    DeviceArray<float> device_c(16 * 8);
    EXPECT_EQ(multiply(device_c, device_a, device_b), cudaSuccess);
    return device_c.values();
  });
  EXPECT_EQ(c, product(a, b, depth));
}

TEST(Mma, Bf16FragmentsFollowThePtxIsa) { expect_product<__nv_bfloat16>(multiply_bf16, 16); }

TEST(Mma, Tf32FragmentsFollowThePtxIsa) { expect_product<float>(multiply_tf32, 8); }

TEST(Mma, MultipliesFragmentsFromLdmatrix) {
  expect_product<__nv_bfloat16>(multiply_bf16_from_shared, 16);
}

TEST(Mma, Tf32IsRoundedToTenBitsAwayFromZero) {
  std::vector<float> a(16 * 8, 0.0f), b(8 * 8, 0.0f);
  a[0] = 1.0f + std::ldexp(1.0f, -11);  // halfway between two tf32
  a[8] = 1.0f + std::ldexp(1.0f, -12);
  a[16] = -1.0f - std::ldexp(1.0f, -11);
  b[0] = 1.0f;
  DeviceArray<float> device_a(a), device_b(b), device_c(16 * 8);
  ASSERT_EQ(multiply_tf32(device_c, device_a, device_b), cudaSuccess);
  const std::vector<float> c = device_c.values();
  EXPECT_EQ(c[0], 1.0f + std::ldexp(1.0f, -10));
  EXPECT_EQ(c[8], 1.0f);
  EXPECT_EQ(c[16], -1.0f - std::ldexp(1.0f, -10));
}

TEST(Bf16, RoundsToNearestEvenAndKeepsNan) {
  EXPECT_EQ(__nv_bfloat16(1.0f + std::ldexp(1.0f, -8)).bits, 0x3F80);      // tie, to even
  EXPECT_EQ(__nv_bfloat16(1.0f + 3 * std::ldexp(1.0f, -8)).bits, 0x3F82);  // tie, to even
  EXPECT_EQ(__nv_bfloat16(1.0f + 1.01f * std::ldexp(1.0f, -8)).bits, 0x3F81);
  EXPECT_TRUE(std::isnan(float{__nv_bfloat16(std::nanf(""))}));
  EXPECT_EQ(float{__nv_bfloat16(INFINITY)}, INFINITY);
}

TEST(Ldmatrix, GivesEachLaneItsElements) {
  std::vector<uint16_t> m(4 * 8 * 8);
  for (size_t i = 0; i < m.size(); ++i) m[i] = static_cast<uint16_t>(i);
  const auto r = in_every_order([&] {
    DeviceArray<uint16_t> device_m(m);
    DeviceArray<uint32_t> device_r(3 * 32 * 4);
    EXPECT_EQ(load_matrices(device_r, device_m), cudaSuccess);
    return device_r.values();
  });
  const auto element = [&](size_t matrix, size_t row, size_t column) {
    return uint32_t{m[(matrix * 8 + row) * 8 + column]};
  };
  for (size_t lane = 0; lane < 32; ++lane) {
    const size_t i = lane / 4, j = lane % 4 * 2;
    for (size_t k = 0; k < 4; ++k) {
      const uint32_t plain = element(k, i, j) | element(k, i, j + 1) << 16;
      const uint32_t transposed = element(k, j, i) | element(k, j + 1, i) << 16;
      EXPECT_EQ(r[lane * 4 + k], plain);
      EXPECT_EQ(r[(32 + lane) * 4 + k], transposed);
      EXPECT_EQ(r[(64 + lane) * 4 + k], k < 2 ? transposed : 0);
    }
  }
}

TEST(CpAsync, FillsInvalidBytesWithZeros) {
  std::vector<unsigned char> x(16);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<unsigned char>(i + 1);
  const auto y = in_every_order([&] {
    DeviceArray<unsigned char> device_x(x), device_y(17 * 16);
    EXPECT_EQ(copy_with_zeros(device_y, device_x), cudaSuccess);
    return device_y.values();
  });
  for (size_t k = 0; k <= 16; ++k) {
    for (size_t i = 0; i < 16; ++i) EXPECT_EQ(y[k * 16 + i], i < k ? x[i] : 0);
  }
}

TEST(CpAsync, DoubleBufferingHasNoRaces) {
  constexpr int kRows = 5;
  const auto x = whole_numbers<float>(kRows * 256, 3);
  const auto y = in_every_order([&] {
    DeviceArray<float> device_x(x), device_y(x.size());
    EXPECT_EQ(add_mirrored(device_y, device_x, kRows), cudaSuccess);
    return device_y.values();
  });
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], x[i] + x[i / 256 * 256 + 255 - i % 256]);
}

}  // namespace
}  // namespace pg::simt
