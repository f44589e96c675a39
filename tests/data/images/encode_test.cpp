// encode_test.cpp: images that are written as PNG, JPEG and WebP read back, with our mark.
#include "data/images/encode.h"

#include <cstdlib>

#include "data/formats/own_file.h"
#include "data/images/endings.h"
#include "kernels/error.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

// Without noise, so that JPEG comes close.
Image smooth_image(int64_t channels) {
  Image image{.height = 21, .width = 34, .channels = channels, .pixels = {}};
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      for (int64_t c = 0; c < channels; ++c) {
        const bool alpha = channels % 2 == 0 && c == channels - 1;
        image.pixels.push_back(static_cast<uint8_t>(alpha ? 255 - x : 2 * x + 4 * y + 30 * c));
      }
    }
  }
  return image;
}

int64_t largest_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.pixels.size(), b.pixels.size());
  int64_t largest = 0;
  for (size_t i = 0; i < std::min(a.pixels.size(), b.pixels.size()); ++i) {
    largest = std::max<int64_t>(largest, std::abs(int{a.pixels[i]} - int{b.pixels[i]}));
  }
  return largest;
}

TEST(Encode, LosslessFormatsKeepEveryPixel) {
  for (const Format format : {Format::png, Format::webp}) {
    for (int64_t channels = 1; channels <= 4; ++channels) {
      const Image image = smooth_image(channels);
      const Image read = decode_image(encode_image("a", image, {.format = format}), "a");
      EXPECT_EQ(read.stored.format, format);
      const Image expected = convert_channels(image, read.channels);
      EXPECT_EQ(read.pixels, expected.pixels) << name_of(format) << channels;
    }
  }
}

TEST(Encode, LossyFormatsAreCloseAndSmallerAtLowQuality) {
  for (const Format format : {Format::jpeg, Format::webp}) {
    for (const int64_t channels : {1, 3}) {
      const Image image = smooth_image(channels);
      const auto fine = encode_image("a", image, {.format = format, .quality = 95});
      const auto coarse = encode_image("a", image, {.format = format, .quality = 5});
      EXPECT_LT(coarse.size(), fine.size()) << name_of(format);
      const Image read = convert_channels(decode_image(fine, "a"), channels);
      EXPECT_LE(largest_difference(read, image), 12) << name_of(format) << channels;
    }
  }
}

// Colours of single pixels survive only without chroma subsampling.
TEST(Encode, JpegKeepsTheResolutionOfColours) {
  Image image = smooth_image(3);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    const size_t pixel = i / 3;
    image.pixels[i] = static_cast<uint8_t>(i % 3 == pixel % 2 * 2 ? 220 : 40);
  }
  const Image read = decode_image(encode_image("a", image, {.format = Format::jpeg}), "a");
  EXPECT_LE(largest_difference(read, image), 40);
}

TEST(Encode, EveryFormatHasOurMark) {
  const TempFolder folder;
  for (const Format format : {Format::png, Format::jpeg, Format::webp}) {
    for (const int quality : {0, 80}) {
      const fs::path path = folder / (std::string("a") + usual_ending(format));
      for (int64_t channels = 1; channels <= 4; ++channels) {
        if (format == Format::jpeg && channels % 2 == 0) continue;
        write_image(path, smooth_image(channels), {.format = format, .quality = quality});
        EXPECT_TRUE(is_own_image(path)) << path << channels << quality;
        EXPECT_EQ(decode_file(path).width, 34);
        EXPECT_EQ(format_to_write(path), format);
      }
    }
  }
  EXPECT_FALSE(is_own_jpeg(folder / "a.png"));
  EXPECT_FALSE(is_own_webp(folder / "a.png"));
  std::vector<uint8_t> jpeg = read_bytes(folder / "a.jpg");
  jpeg.erase(jpeg.begin() + 20, jpeg.begin() + 35);  // the comment
  write_bytes(folder / "other.jpg", jpeg);
  EXPECT_EQ(decode_file(folder / "other.jpg").width, 34);
  EXPECT_FALSE(is_own_image(folder / "other.jpg"));
}

TEST(Encode, ImagesThatAFormatCannotHoldAreRejected) {
  EXPECT_THROW(check_encoding("a.jpg", 8, 8, 4, {.format = Format::jpeg}), UsageError);
  EXPECT_THROW(check_encoding("a.jpg", 65501, 8, 3, {.format = Format::jpeg}), UsageError);
  EXPECT_THROW(check_encoding("a.webp", 8, 16384, 3, {.format = Format::webp}), UsageError);
  EXPECT_THROW(check_encoding("a.webp", 0, 8, 3, {.format = Format::webp}), UsageError);
  check_encoding("a.webp", 16383, 16383, 4, {.format = Format::webp});
}

}  // namespace
}  // namespace pg::testing
