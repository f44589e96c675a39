// decode_memory_test.cpp: decoders take their memory from the budget before they allocate it.
#include "data/images/resample.h"
#include "tests/data/images/encoded.h"
#include "tests/model/bounded_memory.h"

namespace pg::testing {
namespace {

// Limits the budget of the process, which is restored at the end.
class DecodeMemory : public ::testing::Test {
 protected:
  static void allow(int64_t bytes) { pixel_budget().set_limit(bytes); }
  void TearDown() override { set_decoding_memory(int64_t{1} << 30); }

  static Bytes progressive_cmyk(int64_t side) {
    return jpeg_bytes(random_image(side, side, 4), {JCS_CMYK, JCS_CMYK, jpeg_simple_progression});
  }
};

// 4 bytes a pixel for the samples and 8 for the coefficients.
TEST_F(DecodeMemory, ProgressiveFilesCountTheirCoefficients) {
  const Bytes progressive = progressive_cmyk(256);
  const Bytes baseline = jpeg_bytes(random_image(256, 256, 4), {JCS_CMYK, JCS_CMYK});
  allow(10 * 256 * 256);
  EXPECT_EQ(decode_image(baseline, "plain").width, 256);
  const std::string error =
      error_of<FormatError>([&] { decode_image(progressive, "hostile.jpg"); });
  EXPECT_EQ(error.find("hostile.jpg needs "), 0u) << error;
  EXPECT_HAS(error, " kB of memory, more than the 655 kB that data.memory_limit allows");
  allow(16 * 256 * 256);
  EXPECT_EQ(decode_image(progressive, "again").width, 256);
  EXPECT_EQ(pixel_budget().used(), 0);
}

TEST_F(DecodeMemory, ThePixelsStayCountedAsLongAsTheImage) {
  Image image = decode_image(jpeg_bytes(random_image(64, 64, 3)), "a");
  EXPECT_EQ(pixel_budget().used(), 64 * 64 * 3);
  Image copy = image;
  image = {};
  EXPECT_EQ(pixel_budget().used(), 64 * 64 * 3);
  copy = {};
  EXPECT_EQ(pixel_budget().used(), 0);
}

TEST_F(DecodeMemory, EveryFormatIsRejectedBeforeItsPixelsExist) {
  allow(1000);
  const Image image = random_image(64, 64, 3);
  const TempFolder folder;
  write_png(folder / "a.png", image);
  EXPECT_HAS(error_of<FormatError>([&] { decode_file(folder / "a.png"); }), "data.memory_limit");
  EXPECT_HAS(error_of<FormatError>([&] { decode_image(bmp_bytes(image), "a.bmp"); }),
             "data.memory_limit");
  EXPECT_HAS(error_of<FormatError>([&] { decode_image(jpeg_bytes(image), "a.jpg"); }),
             "data.memory_limit");
}

// The memory that decoding really takes, against the budget it takes it from.
TEST_F(DecodeMemory, TheEstimateHolds) {
  const Bytes progressive = progressive_cmyk(2048);
  const auto needed = [&](int64_t budget) {
    allow(budget);
    return test::memory_of([&] {
      try {
        decode_image(progressive, "a");
      } catch (const FormatError&) {
      }
    });
  };
  // Freed memory counts for a while under AddressSanitizer: 4.15 MB were seen beside the pixels.
  constexpr int64_t kPixels = 2048 * 2048, kOther = 5 << 20;
  EXPECT_LT(needed(12 * kPixels), kOther);                 // rejected
  EXPECT_LT(needed(14 * kPixels), 13 * kPixels + kOther);  // decoded
}

TEST_F(DecodeMemory, AFileTooLargeForAnImageIsNotRead) {
  const TempFolder folder;
  const Bytes jpeg = jpeg_bytes(random_image(8, 8, 3));
  write_bytes(folder / "sparse.jpg", jpeg);
  std::error_code error;
  fs::resize_file(folder / "sparse.jpg", 6000000000u, error);
  if (error) GTEST_SKIP() << "this file system has no sparse files of 6 GB";
  EXPECT_HAS(error_of<FormatError>([&] { decode_file(folder / "sparse.jpg"); }),
             "has 6000000000 bytes: it is too large to be an image");
}

// Each text chunk may unpack to 8 MB.
TEST_F(DecodeMemory, TextsOfAPngAreNotUnpacked) {
  Bytes packed(compressBound(7000000));
  const Bytes text(7000000, 'x');
  uLongf size = packed.size();
  compress(packed.data(), &size, text.data(), text.size());
  packed.resize(size);
  Bytes chunk = {'a', 0, 0};
  chunk.insert(chunk.end(), packed.begin(), packed.end());
  PngFile png{.width = 1, .height = 1, .bits = 8, .type = 0};
  for (int k = 0; k < 30; ++k) png.chunk("zTXt", chunk);
  const Bytes file = png.data({0, 7}).bytes();
  EXPECT_EQ(decode_image(file, "a").pixels, Bytes{7});
  EXPECT_LT(test::memory_of([&] { decode_image(file, "a"); }), 16 << 20);
}

TEST(Resample, ConvertsChannelsAsAWholeImageWould) {
  for (const int64_t from : {1, 2, 3, 4}) {
    for (const int64_t to : {1, 2, 3, 4}) {
      const Image image = random_image(7, 9, from);
      EXPECT_EQ(resample_square(image, 4, Fit::crop, to).values,
                resample_square(convert_channels(image, to), 4, Fit::crop).values);
    }
  }
}

}  // namespace
}  // namespace pg::testing
