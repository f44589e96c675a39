// fast_kernels.h: for tests of the fast CPU path: random floats, comparisons, and the instruction
// sets of this processor.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/fast/fast.h"

namespace pg::cpu {

// Winograd F(4x4, 3x3) amplifies rounding by about this much over a direct sum; errors are relative
// to the largest output.
inline constexpr double kBound = 4e-5;

inline std::vector<float> random_floats(Shape shape, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (float& v : values) v = uniform(engine);
  return values;
}

inline TensorView view_of(std::vector<float>& v, Shape s) { return {v.data(), DType::f32, s}; }
inline ConstTensorView view_of(const std::vector<float>& v, Shape s) {
  return {v.data(), DType::f32, s};
}

inline void expect_close(const std::vector<float>& got, const std::vector<double>& want,
                         double bound = kBound) {
  double largest = 1e-3, worst = 0;
  for (double v : want) largest = std::max(largest, std::abs(v));
  for (size_t i = 0; i < want.size(); ++i) {
    const double error = std::abs(static_cast<double>(got[i]) - want[i]);
    if (!(error <= worst)) worst = error;  // a NaN replaces it
  }
  EXPECT_LE(worst, bound * largest);
}

inline std::vector<Isa> available() {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::sse2, Isa::avx2, Isa::avx512})
    if (isa_available(isa)) isas.push_back(isa);
  return isas;
}

// "SSE2", "AVX2" or "AVX512".
inline std::string name_of_case(const testing::TestParamInfo<Isa>& info) {
  std::string name = name_of(info.param);
  std::erase(name, '-');
  return name;
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace pg::cpu
