// images_test.cpp: decoding, conversion, orientation, PNG and resampling.
#include <cmath>
#include <limits>

#include "data/resample.h"
#include "tests/data/support.h"

// stb's JPEG and BMP writers are compiled into the library; only their declarations are needed.
#include <stb/stb_image_write.h>

namespace pg::testing {
namespace {

void append_to(void* context, void* data, int size) {
  auto* out = static_cast<std::vector<uint8_t>*>(context);
  const auto* bytes = static_cast<const uint8_t*>(data);
  out->insert(out->end(), bytes, bytes + size);
}

std::vector<uint8_t> jpeg_bytes(const Image& image) {
  std::vector<uint8_t> out;
  stbi_write_jpg_to_func(append_to, &out, static_cast<int>(image.width),
                         static_cast<int>(image.height), static_cast<int>(image.channels),
                         image.pixels.data(), 100);
  return out;
}

std::vector<uint8_t> bmp_bytes(const Image& image) {
  std::vector<uint8_t> out;
  stbi_write_bmp_to_func(append_to, &out, static_cast<int>(image.width),
                         static_cast<int>(image.height), static_cast<int>(image.channels),
                         image.pixels.data());
  return out;
}

// A JPEG with an Exif segment that holds the Orientation tag alone.
std::vector<uint8_t> with_orientation(std::vector<uint8_t> jpeg, uint8_t orientation) {
  const std::vector<uint8_t> segment = {
      0xFF, 0xE1,        0,    34,   'E', 'x', 'i', 'f',
      0,    0,                                          // marker, length, name
      'M',  'M',         0,    42,   0,   0,   0,   8,  // big-endian TIFF, directory at 8
      0,    1,           0x01, 0x12, 0,   3,   0,   0,
      0,    1,                                           // one entry: tag 0x112, SHORT, count 1
      0,    orientation, 0,    0,    0,   0,   0,   0};  // value, no next directory
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  return jpeg;
}

// Four flat quadrants: red, green / blue, white; taller than wide.
Image quadrants() {
  Image image{32, 16, 3, {}};
  for (int64_t y = 0; y < 32; ++y) {
    for (int64_t x = 0; x < 16; ++x) {
      const bool low = y >= 16, right = x >= 8;
      const std::vector<uint8_t> pixel = {static_cast<uint8_t>(low == right ? 255 : 0),
                                          static_cast<uint8_t>(right ? 255 : 0),
                                          static_cast<uint8_t>(low ? 255 : 0)};
      image.pixels.insert(image.pixels.end(), pixel.begin(), pixel.end());
    }
  }
  return image;
}

// The colour letters at the four corners, top row first.
std::string corners_of(const Image& image) {
  std::string letters;
  for (const int64_t y : {int64_t{2}, image.height - 3}) {
    for (const int64_t x : {int64_t{2}, image.width - 3}) {
      const uint8_t* p = image.pixels.data() + (y * image.width + x) * 3;
      const int code = (p[0] > 127 ? 4 : 0) + (p[1] > 127 ? 2 : 0) + (p[2] > 127 ? 1 : 0);
      letters += ".BG.R..W"[code];
    }
  }
  return letters;
}

TEST(Decode, PngOfEveryChannelCountIsExact) {
  const TempFolder folder;
  for (int64_t channels = 1; channels <= 4; ++channels) {
    const Image image = random_image(7, 5, channels);
    write_png(folder / "a.png", image);
    const Image back = decode_file(folder / "a.png");
    EXPECT_EQ(back.height, 7);
    EXPECT_EQ(back.width, 5);
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.pixels, image.pixels);
  }
}

TEST(Decode, ContentDecidesNotTheEnding) {
  const TempFolder folder;
  const Image image = random_image(9, 6, 3);
  write_bytes(folder / "really-bmp.jpg", bmp_bytes(image));
  EXPECT_EQ(decode_file(folder / "really-bmp.jpg").pixels, image.pixels);
  write_bytes(folder / "really-jpeg.png", jpeg_bytes(flat_image(16, {200, 100, 50})));
  const Image jpeg = decode_file(folder / "really-jpeg.png");
  EXPECT_NEAR(jpeg.pixels[0], 200, 3);
  EXPECT_NEAR(jpeg.pixels[2], 50, 3);
}

// 2x1, 16-bit gray: 0x1234 and 0xFF80, stored without compression.
TEST(Decode, SixteenBitsKeepTheUpperByte) {
  const std::vector<uint8_t> png = {
      0x89, 'P', 'N',  'G', '\r', '\n', 0x1a, '\n', 0,   0,   0,   13,   'I',  'H', 'D',
      'R',  0,   0,    0,   2,    0,    0,    0,    1,   16,  0,   0,    0,    0,   0,
      0,    0,   0,    0,   0,    0,    16,   'I',  'D', 'A', 'T', 0x78, 0x01, 1,   5,
      0,    250, 0xFF, 0,   0x12, 0x34, 0xFF, 0x80, 0,   0,   0,   0,    0,    0,   0,
      0,    0,   0,    0,   0,    'I',  'E',  'N',  'D', 0,   0,   0,    0};
  const Image image = decode_image(png, "deep.png");
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{0x12, 0xFF}));
}

TEST(Decode, EveryOrientationEndsUpright) {
  const Image upright = quadrants();
  ASSERT_EQ(corners_of(upright), "RGBW");
  // What a camera stores so that the tag's turn makes it upright: the inverse turn; only 6 and 8
  // are not their own inverse.
  const std::vector<int> inverse = {0, 1, 2, 3, 4, 5, 8, 7, 6};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image stored = orient(upright, inverse[static_cast<size_t>(orientation)]);
    const Image shown = decode_image(
        with_orientation(jpeg_bytes(stored), static_cast<uint8_t>(orientation)), "o.jpg");
    EXPECT_EQ(corners_of(shown), "RGBW") << orientation;
    EXPECT_EQ(shown.height, 32) << orientation;
    EXPECT_EQ(shown.width, 16) << orientation;
  }
  // The tag's own definition, independent of the inverse: 6 means "turn right to show".
  EXPECT_EQ(corners_of(orient(upright, 2)), "GRWB");
  EXPECT_EQ(corners_of(orient(upright, 3)), "WBGR");
  EXPECT_EQ(corners_of(orient(upright, 4)), "BWRG");
  EXPECT_EQ(corners_of(orient(upright, 5)), "RBGW");
  EXPECT_EQ(corners_of(orient(upright, 6)), "BRWG");
  EXPECT_EQ(corners_of(orient(upright, 7)), "WGBR");
  EXPECT_EQ(corners_of(orient(upright, 8)), "GWRB");
}

TEST(Decode, DamagedFilesSayWhatIsWrong) {
  const TempFolder folder;
  const auto error = [&](const std::string& name) {
    const std::string text = error_of<FormatError>([&] { decode_file(folder / name); });
    EXPECT_HAS(text, name);
    return text;
  };
  write_text(folder / "text.jpg", "BM, says the diary of a text file, is no picture at all");
  EXPECT_HAS(error("text.jpg"), "not a JPEG, PNG or BMP");
  write_text(folder / "empty.png", "");
  EXPECT_HAS(error("empty.png"), "empty");
  write_png(folder / "cut.png", random_image(64, 64, 3));
  truncate_to(folder / "cut.png", 0.5);
  error("cut.png");
  for (const double share : {0.99, 0.5, 0.1}) {
    write_bytes(folder / "cut.jpg", jpeg_bytes(random_image(64, 64, 3)));
    truncate_to(folder / "cut.jpg", share);
    EXPECT_HAS(error("cut.jpg"), "truncated");
    write_bytes(folder / "cut.bmp", bmp_bytes(random_image(64, 64, 3)));
    truncate_to(folder / "cut.bmp", share);
    EXPECT_HAS(error("cut.bmp"), "truncated");
  }
  std::vector<uint8_t> png = read_bytes([&] {
    write_png(folder / "zero.png", random_image(4, 4, 1));
    return folder / "zero.png";
  }());
  png[19] = 0;  // width
  write_bytes(folder / "zero.png", png);
  error("zero.png");
  png[18] = png[22] = 0x4E;  // 20000x20000: small as a file, 400 MB in memory
  png[19] = png[23] = 0x20;
  write_bytes(folder / "huge.png", png);
  EXPECT_HAS(error("huge.png"), "more than");
  EXPECT_HAS(error_of<IoError>([&] { decode_file(folder / "none.png"); }), "No such file");
}

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
  EXPECT_HAS(error_of<UsageError>([&] { make_grid({}, 2); }), "empty");
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
