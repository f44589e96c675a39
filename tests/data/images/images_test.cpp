// images_test.cpp: conversion, grids, PNG and resampling.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "data/images/resample.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

TEST(Channels, ConvertAsDocumented) {
  const Image rgba{1, 2, 4, {200, 100, 50, 255, 200, 100, 50, 51}};
  EXPECT_EQ(convert_channels(rgba, 3).pixels, (std::vector<uint8_t>{200, 100, 50, 40, 20, 10}));
  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2; a fifth of it: 24.84
  EXPECT_EQ(convert_channels(rgba, 1).pixels, (std::vector<uint8_t>{124, 25}));
  EXPECT_EQ(convert_channels(rgba, 2).pixels, (std::vector<uint8_t>{124, 255, 124, 51}));
  const Image gray{1, 2, 1, {7, 255}};
  EXPECT_EQ(convert_channels(gray, 3).pixels, (std::vector<uint8_t>{7, 7, 7, 255, 255, 255}));
  EXPECT_EQ(convert_channels(gray, 4).pixels,
            (std::vector<uint8_t>{7, 7, 7, 255, 255, 255, 255, 255}));
  for (int v = 0; v < 256; ++v) {
    const auto byte = static_cast<uint8_t>(v);
    EXPECT_EQ(convert_channels({1, 1, 3, {byte, byte, byte}}, 1).pixels[0], byte);
  }
  EXPECT_HAS(error_of<UsageError>([&] { convert_channels(gray, 5); }), "5 channels");
}

TEST(Grid, PlacesImagesRowByRow) {
  const std::vector<Image> images = {flat_image(2, {10}), flat_image(2, {20}), flat_image(2, {30})};
  const Image grid = make_grid(images, 2);
  EXPECT_EQ(grid.height, 4);
  EXPECT_EQ(grid.width, 4);
  EXPECT_EQ(grid.pixels, (std::vector<uint8_t>{10, 10, 20, 20, 10, 10, 20, 20,  //
                                               30, 30, 0, 0, 30, 30, 0, 0}));
  EXPECT_HAS(error_of<ShapeError>([&] {
               make_grid(std::vector<Image>{images[0], flat_image(3, {1})}, 2);
             }),
             "image 1");
  EXPECT_HAS(error_of<UsageError>([&] { make_grid({}, 2); }), "at least one image");
}

TEST(Resample, SameSizeIsExact) {
  const Image image = random_image(16, 16, 3);
  for (const Fit fit : {Fit::crop, Fit::pad, Fit::stretch}) {
    std::vector<uint8_t> out;
    append_rounded(resample_square(image, 16, fit), out);
    EXPECT_EQ(out, image.pixels) << name_of(fit);
  }
}

TEST(Resample, AreaKeepsTheMean) {
  for (const int64_t side : {17, 33, 100, 335}) {
    const Image image = random_image(side, side, 3);
    const FloatImage small = resample_square(image, 16, Fit::crop);
    for (size_t c = 0; c < 3; ++c) {
      double from = 0, to = 0;
      for (size_t i = c; i < image.pixels.size(); i += 3) from += image.pixels[i];
      for (size_t i = c; i < small.values.size(); i += 3) to += small.values[i];
      EXPECT_NEAR(to / 256, from / static_cast<double>(side * side), 1e-4) << side;
    }
  }
}

TEST(Resample, AreaWeighsBordersByCoverage) {
  const Image row{3, 3, 1, {0, 90, 255, 0, 90, 255, 0, 90, 255}};
  const FloatImage out = resample_square(row, 2, Fit::crop);
  EXPECT_FLOAT_EQ(out.values[0], 30.0f);   // (0 * 1 + 90 * 0.5) / 1.5
  EXPECT_FLOAT_EQ(out.values[1], 200.0f);  // (90 * 0.5 + 255 * 1) / 1.5
}

TEST(Resample, GrowsBilinearly) {
  const Image ramp{2, 2, 1, {0, 100, 0, 100}};
  const FloatImage out = resample_square(ramp, 4, Fit::crop);
  const std::vector<float> row(out.values.begin(), out.values.begin() + 4);
  EXPECT_EQ(row, (std::vector<float>{0, 25, 75, 100}));
}

TEST(Resample, CropTakesTheCentre) {
  Image image{4, 8, 1, std::vector<uint8_t>(32, 9)};
  for (size_t y = 0; y < 4; ++y) {
    for (size_t x = 2; x < 6; ++x) image.pixels[y * 8 + x] = 200;
  }
  for (const float v : resample_square(image, 4, Fit::crop).values) EXPECT_EQ(v, 200.0f);
}

// Any shape becomes square and finite, if smaller or larger than requested.
TEST(Resample, OddShapesFitAtEveryResolution) {
  const auto filled = [](int64_t height, int64_t width) {
    return Image{height, width, 1, std::vector<uint8_t>(static_cast<size_t>(height * width), 200)};
  };
  for (const auto& [h, w] : {std::pair{1, 1000}, {1000, 1}, {3, 3}, {1, 1}, {5, 31}, {2, 5000}}) {
    const Image image = filled(h, w);
    for (const int64_t size : {4, 16, 64}) {
      for (const Fit fit : {Fit::crop, Fit::stretch}) {
        for (const float v : resample_square(image, size, fit).values) EXPECT_NEAR(v, 200, 1e-3);
      }
      // Padding keeps the image's share of the square.
      const FloatImage padded = resample_square(image, size, Fit::pad);
      const auto longer = static_cast<uint64_t>(std::max(h, w));
      const uint64_t side = static_cast<uint64_t>(size) >= longer ? std::bit_ceil(longer) : longer;
      double sum = 0;
      for (const float v : padded.values) sum += v;
      const double share = static_cast<double>(h) * w / static_cast<double>(side * side);
      EXPECT_NEAR(sum / static_cast<double>(size * size), 200 * share, 200 * share * 0.3) << h << w;
    }
  }
}

TEST(Resample, PadOf28Gives32WithoutResampling) {
  const Image digit = random_image(28, 28, 1);
  const FloatImage out = resample_square(digit, 32, Fit::pad);
  for (int64_t y = 0; y < 32; ++y) {
    for (int64_t x = 0; x < 32; ++x) {
      const bool inside = y >= 2 && y < 30 && x >= 2 && x < 30;
      const float want = inside ? digit.pixels[static_cast<size_t>((y - 2) * 28 + x - 2)] : 0.0f;
      ASSERT_EQ(out.values[static_cast<size_t>(y * 32 + x)], want) << y << " " << x;
    }
  }
}

TEST(Resample, RoundsHalfToEvenAndClamps) {
  std::vector<uint8_t> out;
  append_rounded({1, 6, 1, {0.5f, 1.5f, 2.5f, -3.0f, 255.4f, 300.0f}}, out);
  EXPECT_EQ(out, (std::vector<uint8_t>{0, 2, 2, 0, 255, 255}));
}

}  // namespace
}  // namespace pg::testing
