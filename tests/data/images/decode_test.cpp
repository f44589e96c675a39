// decode_test.cpp: every supported kind of image file, and the rejection of others.
#include <algorithm>

#include "tests/data/images/encoded.h"
#include "tests/model/bounded_memory.h"

namespace pg::testing {
namespace {

Bytes cut(const Bytes& bytes, double share) {
  const auto size = static_cast<std::ptrdiff_t>(static_cast<double>(bytes.size()) * share);
  return {bytes.begin(), bytes.begin() + size};
}

std::string rejection(const Bytes& bytes) {
  return error_of<FormatError>([&] { decode_image(bytes, "file"); });
}

void expect_near(const Image& image, const std::vector<int>& pixel, int tolerance) {
  ASSERT_EQ(image.channels, static_cast<int64_t>(pixel.size()));
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    ASSERT_NEAR(image.pixels[i], pixel[i % pixel.size()], tolerance) << i;
  }
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

TEST(Decode, FormatIsRecognisedByContent) {
  const TempFolder folder;
  const Image image = random_image(9, 6, 3);
  write_bytes(folder / "really-bmp.jpg", bmp_bytes(image));
  EXPECT_EQ(decode_file(folder / "really-bmp.jpg").pixels, image.pixels);
  write_bytes(folder / "really-jpeg.png", jpeg_bytes(flat_image(16, {200, 100, 50})));
  const Image jpeg = decode_file(folder / "really-jpeg.png");
  EXPECT_NEAR(jpeg.pixels[0], 200, 3);
  EXPECT_NEAR(jpeg.pixels[2], 50, 3);
}

TEST(Decode, PngOfSixteenBitsKeepsTheUpperByte) {
  const Bytes gray = PngFile{2, 1, 16, 0}.data({0, 0x12, 0x34, 0xFF, 0x80}).bytes();
  const Image image = decode_image(gray, "deep.png");
  EXPECT_EQ(image.pixels, (Bytes{0x12, 0xFF}));
  EXPECT_EQ(image.stored.bits, 16);
  const Bytes rgb = PngFile{1, 1, 16, 2}.data({0, 1, 99, 2, 99, 3, 99}).bytes();
  EXPECT_EQ(decode_image(rgb, "deep.png").pixels, (Bytes{1, 2, 3}));
}

TEST(Decode, PngPalettesAndSmallSamplesAreResolved) {
  PngFile palette{4, 1, 2, 3};
  palette.chunk("PLTE", {10, 11, 12, 20, 21, 22}).data({0, 0b00'01'00'01});
  const Image image = decode_image(palette.bytes(), "palette.png");
  EXPECT_EQ(image.pixels, (Bytes{10, 11, 12, 20, 21, 22, 10, 11, 12, 20, 21, 22}));
  EXPECT_EQ(image.stored.colours, Colours::palette);

  PngFile clear{2, 1, 8, 3};
  clear.chunk("PLTE", {1, 2, 3, 4, 5, 6}).chunk("tRNS", {7}).data({0, 0, 1});
  EXPECT_EQ(decode_image(clear.bytes(), "clear.png").pixels, (Bytes{1, 2, 3, 7, 4, 5, 6, 255}));

  // An index beyond the palette is black.
  PngFile beyond{2, 1, 8, 3};
  beyond.chunk("PLTE", {1, 2, 3}).data({0, 0, 200});
  EXPECT_EQ(decode_image(beyond.bytes(), "beyond.png").pixels, (Bytes{1, 2, 3, 0, 0, 0}));

  const Image bits = decode_image(PngFile{8, 1, 1, 0}.data({0, 0b10100001}).bytes(), "bits.png");
  EXPECT_EQ(bits.pixels, (Bytes{255, 0, 255, 0, 0, 0, 0, 255}));
  EXPECT_EQ(bits.stored.colours, Colours::gray);
}

TEST(Decode, PngDataBeyondItsExtentsAllocatesNoMemory) {
  PngFile bomb{1, 1, 8, 0};
  bomb.data(Bytes(size_t{1} << 26, 0));
  const Bytes bytes = bomb.bytes();
  ASSERT_LT(bytes.size(), 100000u);
  EXPECT_EQ(decode_image(bytes, "bomb.png").pixels, (Bytes{0}));
  EXPECT_LT(test::memory_of([&] { decode_image(bytes, "bomb.png"); }), 4 << 20);
}

TEST(Decode, PngChunkWithAWrongLengthAllocatesNoMemory) {
  Bytes png = PngFile{1, 1, 8, 0}.chunk("eXIf", exif_tiff(1)).data({0, 0}).bytes();
  png[33] = 0x10;  // the length of the first chunk after the header
  EXPECT_HAS(rejection(png), "truncated PNG");
  const auto decode = [&] { EXPECT_THROW(decode_image(png, "a"), FormatError); };
  EXPECT_LT(test::memory_of(decode), 4 << 20);
}

TEST(Decode, JpegOfEveryCodingGivesTheSamePixels) {
  const Image image = random_image(37, 53, 3);
  const Image baseline = decode_image(jpeg_bytes(image), "a.jpg");
  EXPECT_EQ(baseline.height, 37);
  EXPECT_EQ(baseline.width, 53);
  EXPECT_EQ(baseline.stored.format, Format::jpeg);
  const auto same = [&](const std::function<void(j_compress_ptr)>& choose) {
    return decode_image(jpeg_bytes(image, {.choose = choose}), "b.jpg").pixels == baseline.pixels;
  };
  EXPECT_TRUE(same([](j_compress_ptr jpeg) { jpeg_simple_progression(jpeg); }));
  EXPECT_TRUE(same([](j_compress_ptr jpeg) { jpeg->arith_code = TRUE; }));
  EXPECT_TRUE(same([](j_compress_ptr jpeg) { jpeg->optimize_coding = TRUE; }));
  EXPECT_TRUE(same([](j_compress_ptr jpeg) { jpeg->restart_in_rows = 1; }));
}

TEST(Decode, JpegOfOneComponentIsGray) {
  const Image image = decode_image(jpeg_bytes(flat_image(9, {77})), "gray.jpg");
  expect_near(image, {77}, 1);
  EXPECT_EQ(image.stored.colours, Colours::gray);
}

TEST(Decode, RgbJpegKeepsItsColours) {
  const Bytes bytes = jpeg_bytes(flat_image(16, {200, 100, 50}), {.kept = JCS_RGB});
  expect_near(decode_image(bytes, "rgb.jpg"), {200, 100, 50}, 2);
}

TEST(Decode, CmykAndYcckJpegsBecomeRgbWithAndWithoutAdobesInversion) {
  const std::vector<uint8_t> ink = {200, 60, 30, 40}, inverted = {55, 195, 225, 215};
  // (255 - C) (255 - K) / 255
  const std::vector<int> rgb = {46, 164, 190};
  const JpegKind adobe = {.given = JCS_CMYK, .kept = JCS_CMYK};
  const JpegKind ycck = {.given = JCS_CMYK, .kept = JCS_YCCK};
  const JpegKind plain = {.given = JCS_CMYK, .kept = JCS_CMYK, .choose = [](j_compress_ptr jpeg) {
                            jpeg->write_Adobe_marker = FALSE;
                          }};
  const auto decoded = [](const std::vector<uint8_t>& pixel, const JpegKind& kind) {
    const Image image = decode_image(jpeg_bytes(flat_image(16, pixel), kind), "cmyk.jpg");
    EXPECT_EQ(image.stored.colours, Colours::cmyk);
    return image;
  };
  expect_near(decoded(inverted, adobe), rgb, 2);
  expect_near(decoded(inverted, ycck), rgb, 2);
  expect_near(decoded(ink, plain), rgb, 2);
}

// A BMP of two rows with the header of 40 bytes.
Bytes small_bmp(uint32_t width, int32_t height, uint32_t bits, uint32_t colours,
                const Bytes& palette_and_rows) {
  Bytes bmp = {'B', 'M'};
  append_little(bmp, 0);
  append_little(bmp, 0);
  append_little(bmp, 54 + 4 * colours);
  append_little(bmp, 40);
  append_little(bmp, width);
  append_little(bmp, static_cast<uint32_t>(height));
  append_little(bmp, 1, 2);
  append_little(bmp, bits, 2);
  for (const uint32_t field : {0u, 0u, 0u, 0u, colours, 0u}) append_little(bmp, field);
  bmp.insert(bmp.end(), palette_and_rows.begin(), palette_and_rows.end());
  return bmp;
}

TEST(Decode, BmpOfEveryKind) {
  for (const int64_t channels : {3, 4}) {
    const Image image = random_image(5, 7, channels);
    EXPECT_EQ(decode_image(bmp_bytes(image), "a.bmp").pixels, image.pixels);
  }
  // Two colours of a palette (blue first), the lower row first; 3 is beyond the palette.
  const Bytes palette = {3, 2, 1, 0, 6, 5, 4, 0};
  Bytes rows = palette;
  rows.insert(rows.end(), {0x10, 0, 0, 0, 0x13, 0, 0, 0});
  const Image image = decode_image(small_bmp(2, 2, 4, 2, rows), "b.bmp");
  EXPECT_EQ(image.pixels, (Bytes{4, 5, 6, 0, 0, 0, 4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(image.stored.colours, Colours::palette);
  EXPECT_EQ(decode_image(small_bmp(2, -2, 4, 2, rows), "c.bmp").pixels,
            (Bytes{4, 5, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0}));
  // Five bits each.
  EXPECT_EQ(decode_image(small_bmp(2, 1, 16, 0, {0x00, 0x7C, 0x10, 0x02}), "d.bmp").pixels,
            (Bytes{255, 0, 0, 0, 132, 132}));
  Bytes packed = small_bmp(2, 2, 4, 2, rows);
  packed[30] = 2;
  EXPECT_HAS(rejection(packed), "is a BMP with run-length encoding, which is not supported");
}

TEST(Decode, WebpOfEveryKind) {
  for (const int64_t channels : {3, 4}) {
    Image image = random_image(13, 21, channels);
    if (channels == 4) {
      // Lossless coding drops the colour where alpha is 0.
      for (size_t i = 3; i < image.pixels.size(); i += 4) image.pixels[i] |= 1;
    }
    const Image back = decode_image(webp_bytes(image), "a.webp");
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.width, 21);
    EXPECT_EQ(back.pixels, image.pixels);
  }
  expect_near(decode_image(webp_bytes(flat_image(16, {200, 100, 50}), 90), "b.webp"),
              {200, 100, 50}, 4);
  expect_near(decode_image(webp_bytes(flat_image(16, {200, 100, 50, 99}), 90), "c.webp"),
              {200, 100, 50, 99}, 4);
}

TEST(Decode, WebpAnimationYieldsItsFirstFrame) {
  Bytes chunks;
  append_riff(chunks, "ANIM", {0, 0, 0, 0, 0, 0});
  for (const uint8_t v : {uint8_t{10}, uint8_t{200}}) {
    const Bytes still = webp_bytes(flat_image(8, {v, v, 30}));
    Bytes frame = {0, 0, 0, 0, 0, 0, 7, 0, 0, 7, 0, 0, 100, 0, 0, 0};
    frame.insert(frame.end(), still.begin() + 12, still.end());
    append_riff(chunks, "ANMF", frame);
  }
  const Image image = decode_image(webp_file(2, 8, chunks), "moving.webp");
  expect_near(image, {10, 10, 30, 255}, 0);
  EXPECT_EQ(image.stored.frames, 2);
}

TEST(Decode, EveryOrientationEndsUpright) {
  const Image upright = quadrants();
  ASSERT_EQ(corners_of(upright), "RGBW");
  // A camera stores the inverse of the tag's rotation; only 6 and 8 are not their own inverse.
  const std::vector<int> inverse = {0, 1, 2, 3, 4, 5, 8, 7, 6};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image stored = orient(upright, inverse[static_cast<size_t>(orientation)]);
    const Image shown = decode_image(
        with_orientation(jpeg_bytes(stored), static_cast<uint8_t>(orientation)), "o.jpg");
    EXPECT_EQ(corners_of(shown), "RGBW") << orientation;
    EXPECT_EQ(shown.height, 32) << orientation;
    EXPECT_EQ(shown.width, 16) << orientation;
  }
  // By the definition of the tag, independent of the inverse: 6 means "rotate right to display".
  EXPECT_EQ(corners_of(orient(upright, 2)), "GRWB");
  EXPECT_EQ(corners_of(orient(upright, 3)), "WBGR");
  EXPECT_EQ(corners_of(orient(upright, 4)), "BWRG");
  EXPECT_EQ(corners_of(orient(upright, 5)), "RBGW");
  EXPECT_EQ(corners_of(orient(upright, 6)), "BRWG");
  EXPECT_EQ(corners_of(orient(upright, 7)), "WGBR");
  EXPECT_EQ(corners_of(orient(upright, 8)), "GWRB");
}

TEST(Decode, OrientationOfPngAndWebpIsApplied) {
  PngFile png{2, 1, 8, 0};
  const Bytes upright = png.chunk("eXIf", exif_tiff(6)).data({0, 10, 20}).bytes();
  const Image turned = decode_image(upright, "turned.png");
  EXPECT_EQ(turned.height, 2);
  EXPECT_EQ(turned.pixels, (Bytes{10, 20}));
  EXPECT_EQ(turned.stored.orientation, 6);

  const Image image = quadrants();
  Image square{16, 16, 3, {}};
  square.pixels.assign(image.pixels.begin() + 8 * 16 * 3, image.pixels.begin() + 24 * 16 * 3);
  const Bytes still = webp_bytes(square);
  for (const Bytes& prefix : {Bytes{}, Bytes{'E', 'x', 'i', 'f', 0, 0}}) {
    Bytes chunks(still.begin() + 12, still.end()), exif = prefix;
    const Bytes tiff = exif_tiff(3);
    exif.insert(exif.end(), tiff.begin(), tiff.end());
    append_riff(chunks, "EXIF", exif);
    EXPECT_EQ(corners_of(decode_image(webp_file(8, 16, chunks), "turned.webp")), "WBGR");
  }
}

TEST(Decode, OtherFilesAreRejectedByFormat) {
  EXPECT_HAS(rejection({'B', 'M', ',', ' ', 's', 'a', 'y', 's', ' ', 't', 'h',
                        'e', ' ', 't', 'e', 'x', 't', ' ', 'f', 'i', 'l', 'e'}),
             "not a JPEG, PNG, WebP or BMP");
  EXPECT_HAS(rejection({}), "empty");
  EXPECT_HAS(rejection({'G', 'I', 'F', '8', '9', 'a', 1, 0}),
             "is a GIF image, which is not supported");
  EXPECT_HAS(rejection({'I', 'I', '*', 0, 8, 0, 0, 0}), "is a TIFF image");
  EXPECT_HAS(error_of<IoError>([&] { decode_file("none.png"); }), "No such file");
}

TEST(Decode, TruncatedFilesNameTheirFormat) {
  const Image noise = random_image(64, 64, 3), clear = random_image(64, 64, 4);
  const TempFolder folder;
  write_png(folder / "a.png", noise);
  const Bytes png = read_bytes(folder / "a.png"), jpeg = jpeg_bytes(noise);
  const Bytes progressive =
      jpeg_bytes(noise, {.choose = [](j_compress_ptr j) { jpeg_simple_progression(j); }});
  for (const double share : {0.999, 0.99, 0.5, 0.1}) {
    EXPECT_HAS(rejection(cut(png, share)), "file is a truncated PNG; replace the file");
    EXPECT_HAS(rejection(cut(jpeg, share)), "truncated JPEG");
    EXPECT_HAS(rejection(cut(progressive, share)), "truncated JPEG");
    EXPECT_HAS(rejection(cut(bmp_bytes(noise), share)), "truncated BMP");
    EXPECT_HAS(rejection(cut(webp_bytes(noise), share)), "truncated WebP");
    EXPECT_HAS(rejection(cut(webp_bytes(clear, 80), share)), "truncated WebP");
  }
}

TEST(Decode, DamagedDataIsRejected) {
  const Image noise = random_image(64, 64, 3);
  Bytes jpeg = jpeg_bytes(noise);
  jpeg[jpeg.size() / 2] = 0xFF;  // a restart marker in the wrong place
  jpeg[jpeg.size() / 2 + 1] = 0xD3;
  EXPECT_HAS(rejection(jpeg), "is a damaged JPEG (");
  const TempFolder folder;
  write_png(folder / "a.png", noise);
  Bytes png = read_bytes(folder / "a.png");
  png[png.size() / 2] ^= 1;
  EXPECT_HAS(rejection(png), "damaged PNG (");
  Bytes webp = webp_bytes(noise);
  std::fill(webp.begin() + 21, webp.begin() + 200, uint8_t{0xFF});
  rejection(webp);
}

TEST(Decode, JpegMayHaveStrayBytesBetweenSegments) {
  const Image image = random_image(16, 16, 3);
  Bytes jpeg = jpeg_bytes(image);
  const Image before = decode_image(jpeg, "a.jpg");
  jpeg.insert(jpeg.begin() + 20, {0, 0, 0});  // after the JFIF segment
  jpeg.insert(jpeg.end(), {1, 2, 3});         // after the end
  EXPECT_EQ(decode_image(jpeg, "b.jpg").pixels, before.pixels);
}

TEST(Decode, HugeImagesAreRejectedBeforeMemoryIsAllocated) {
  EXPECT_HAS(rejection(PngFile{20000, 20000, 8, 0}.data({0}).bytes()), "more than");
  EXPECT_HAS(rejection(PngFile{1, 70000, 8, 0}.data({0}).bytes()), "more than");
  EXPECT_HAS(rejection(PngFile{0, 4, 8, 0}.data({0}).bytes()), "PNG");
  Bytes jpeg = jpeg_bytes(flat_image(8, {1}));
  const Bytes frame = {0xFF, 0xC0};
  const auto header = std::search(jpeg.begin(), jpeg.end(), frame.begin(), frame.end());
  std::fill(header + 5, header + 9, uint8_t{0xF0});
  EXPECT_HAS(rejection(jpeg), "61680x61680");
  EXPECT_HAS(rejection(webp_file(2, 1 << 15, {})), "more than");
  const Bytes small = jpeg_bytes(flat_image(16, {1}));
  EXPECT_HAS(error_of<FormatError>([&] { decode_image(small, "a", 255); }),
             "more than the limit of 255");
}

TEST(Decode, JpegWithTooManyScansIsRejected) {
  const Bytes jpeg = jpeg_bytes(flat_image(16, {9}),
                                {.choose = [](j_compress_ptr j) { jpeg_simple_progression(j); }});
  const Bytes start = {0xFF, 0xDA};
  const auto first = std::search(jpeg.begin(), jpeg.end(), start.begin(), start.end());
  const auto end = std::find(first + 2, jpeg.end(), uint8_t{0xFF});
  Bytes endless(jpeg.begin(), end);
  for (int k = 0; k < 300; ++k) endless.insert(endless.end(), first, end);
  endless.insert(endless.end(), end, jpeg.end());
  EXPECT_HAS(rejection(endless), "more than 200 scans");
}

}  // namespace
}  // namespace pg::testing
