// random_test.cpp: known answers of the generator, and the quality and bits of its numbers.
#include <bit>
#include <cmath>
#include <numbers>

#include "kernels/philox.h"
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

void expect_words(const PhiloxBlock& block, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  EXPECT_EQ(block.word[0], a);
  EXPECT_EQ(block.word[1], b);
  EXPECT_EQ(block.word[2], c);
  EXPECT_EQ(block.word[3], d);
}

TEST(Philox, MatchesTheKnownAnswers) {
  const uint64_t ones = ~uint64_t{0};
  expect_words(philox(0, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
  expect_words(philox(ones, ones, ones), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
  expect_words(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88), 0xd16cfe09,
               0x94fdcceb, 0x5001e420, 0x24126ea1);
}

TEST(Philox, UnitIsInTheHalfOpenInterval) {
  EXPECT_EQ(philox_unit(0), 0.0f);
  EXPECT_LT(philox_unit(0xffffffff), 1.0f);
}

// Words at the ends and boundaries of the range reductions, then random ones.
std::vector<uint32_t> interesting_words() {
  std::vector<uint32_t> words;
  for (const uint32_t centre : {0x0u, 0x20000000u, 0x40000000u, 0x60000000u, 0x80000000u,
                                0xa0000000u, 0xc0000000u, 0xe0000000u, 0xb504f333u, 0x5a82799au}) {
    for (uint32_t i = 0; i < 16; ++i) {
      words.push_back(centre + i);
      words.push_back(centre - i);
    }
  }
  for (uint64_t i = 0; i < 50000; ++i) {
    for (const uint32_t word : philox(7, 0, i).word) words.push_back(word >> (i % 31));
  }
  return words;
}

TEST(PhiloxNormals, LogarithmSineAndCosineAreAccurate) {
  for (const uint32_t word : interesting_words()) {
    const long double w = word, log = std::log((w + 0.5L) / 4294967296.0L);
    ASSERT_NEAR(static_cast<double>(philox_log_unit(word) / log), 1.0, 1e-12) << word;
    // Reduced to a quarter turn first: sinl of a rounded multiple of pi is not exact near its
    // zeros.
    const uint32_t quarter = (word + 0x20000000u) >> 30;
    const int32_t rest = static_cast<int32_t>(word - (quarter << 30));
    const long double angle = rest * std::numbers::pi_v<long double> / 2147483648.0L;
    const long double sin[] = {std::sin(angle), std::cos(angle), -std::sin(angle),
                               -std::cos(angle)};
    const PhiloxSinCos got = philox_sin_cos(word);
    const double s = static_cast<double>(sin[quarter % 4]);
    const double c = static_cast<double>(sin[(quarter + 1) % 4]);
    ASSERT_LE(std::abs(got.sin - s), 1e-12 * std::abs(s)) << word;
    ASSERT_LE(std::abs(got.cos - c), 1e-12 * std::abs(c)) << word;
  }
}

TEST(PhiloxNormals, AreFiniteAtBothEnds) {
  for (const uint32_t radius : {0u, 1u, 0xffffffffu}) {
    for (const uint32_t angle : {0u, 0x40000000u, 0x80000000u, 0xc0000000u, 0xffffffffu}) {
      for (const float v : philox_normals({{radius, angle, radius, angle}}).value) {
        EXPECT_TRUE(std::isfinite(v));
        EXPECT_LT(std::abs(v), 6.8f);
      }
    }
  }
}

TEST(PhiloxNormals, HaveFixedBits) {
  const uint32_t golden[3][4] = {{0x3d77771f, 0x3f4687c5, 0x3f4bbf13, 0xc00caacc},
                                 {0x3d11a7fb, 0xbe6c7c42, 0xbf386bae, 0xbe6d4043},
                                 {0x3f09e111, 0xbfd505d1, 0x3e1cd5f6, 0x3de6e6d9}};
  for (uint64_t i = 0; i < 3; ++i) {
    const PhiloxNormals normals = philox_normals(philox(2024, 3, i));
    for (int j = 0; j < 4; ++j) {
      EXPECT_EQ(std::bit_cast<uint32_t>(normals.value[j]), golden[i][j]) << normals.value[j];
    }
  }
}

PhiloxArgs args_of(Bench& b, const Shape& shape, uint64_t first) {
  return {.y = b.out(shape),
          .counter = b.in(Host({}, static_cast<double>(first)), DType::u64),
          .seed = 11,
          .stream = 5};
}

// Compares call(backend, args) with value(block, i), the i-th number of a block.
template <typename Call, typename Value>
void check_stream(Call call, Value value) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{1, 3, 1, 7}, Shape{5, 1, 1, 1025}}) {
      const uint64_t first = uint64_t{1} << 33;
      const auto got = run(dtype, [&](Bench& b) { call(b.backend(), args_of(b, shape, first)); });
      for (size_t i = 0; i < got[0].data.size(); ++i) {
        const PhiloxBlock block = philox(11, 5, first + i / 4);
        ASSERT_EQ(got[0].data[i], static_cast<double>(value(block, i % 4)));
      }
    }
  }
}

KERNEL_TEST(philox_normal, GivesTheStreamOfItsBlocks) {
  check_stream([](Backend& backend, const PhiloxArgs& args) { backend.philox_normal(args); },
               [](const PhiloxBlock& block, size_t i) { return philox_normals(block).value[i]; });
}

KERNEL_TEST(philox_uniform, GivesTheStreamOfItsBlocks) {
  check_stream([](Backend& backend, const PhiloxArgs& args) { backend.philox_uniform(args); },
               [](const PhiloxBlock& block, size_t i) { return philox_unit(block.word[i]); });
}

KERNEL_TEST(philox_normal, ContinuesWhereTheLastCallEnded) {
  const auto got = run(DType::f32, [&](Bench& b) {
    b.backend().philox_normal(args_of(b, {1, 1, 1, 80}, 0));
    b.backend().philox_normal(args_of(b, {1, 1, 1, 40}, philox_blocks(40)));
  });
  for (size_t i = 0; i < 40; ++i) EXPECT_EQ(got[1].data[i], got[0].data[40 + i]);
}

TEST(PhiloxKernels, HaveTheSameBitsAtOddAddresses) {
  expect_same_at_odd_addresses(
      [&](Bench& b) {
        b.backend().philox_normal(args_of(b, {1, 1, 1, 1027}, 5));
        b.backend().philox_uniform(args_of(b, {1, 1, 1, 1027}, 5));
      },
      Floats::f64_f32);
}

constexpr Shape kMany{1, 1, 1, 1 << 20};

KERNEL_TEST(philox_normal, HasTheMomentsOfTheNormalDistribution) {
  const std::vector<double> normal =
      run(DType::f32, [](Bench& b) { b.backend().philox_normal(args_of(b, kMany, 0)); })[0].data;
  const double count = static_cast<double>(kMany.c), sigma = 1.0 / std::sqrt(count);
  double sum[5] = {}, pairs = 0.0;
  for (size_t i = 0; i < normal.size(); ++i) {
    double power = 1.0;
    for (double& s : sum) {
      s += power / count;
      power *= normal[i];
    }
    pairs += normal[i] * normal[i ^ 1] / count;
  }
  // Five standard errors: that of the mean of x^k is the root of the variance of x^k over count.
  EXPECT_NEAR(sum[1], 0.0, 5 * sigma);
  EXPECT_NEAR(sum[2], 1.0, 5 * sigma * std::sqrt(2.0));
  EXPECT_NEAR(sum[3], 0.0, 5 * sigma * std::sqrt(15.0));
  EXPECT_NEAR(sum[4], 3.0, 5 * sigma * std::sqrt(96.0));
  EXPECT_NEAR(pairs, 0.0, 5 * sigma * std::sqrt(2.0));
}

KERNEL_TEST(philox_uniform, HasTheMomentsOfTheUniformDistribution) {
  const std::vector<double> uniform =
      run(DType::f32, [](Bench& b) { b.backend().philox_uniform(args_of(b, kMany, 0)); })[0].data;
  const double count = static_cast<double>(kMany.c), sigma = 1.0 / std::sqrt(count);
  double mean = 0.0, square = 0.0;
  for (const double u : uniform) {
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    mean += u / count;
    square += u * u / count;
  }
  EXPECT_NEAR(mean, 0.5, 5 * sigma * std::sqrt(1.0 / 12));
  EXPECT_NEAR(square, 1.0 / 3, 5 * sigma * std::sqrt(4.0 / 45));
}

KERNEL_TEST(philox_uniform, OffsetsAddToTheCounter) {
  const auto draw = [](uint64_t counter, uint64_t offset) {
    return run(DType::f32, [=](Bench& b) {
      PhiloxArgs args = args_of(b, {1, 1, 1, 9}, counter);
      args.offset = offset;
      b.backend().philox_uniform(args);
    })[0];
  };
  EXPECT_EQ(draw(40, 2).data, draw(42, 0).data);
}

}  // namespace
}  // namespace pg::test
