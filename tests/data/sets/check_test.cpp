// check_test.cpp: the report on a set of images.
#include "data/sets/check.h"

#include <chrono>

#include "data/images/resample.h"
#include "data/sets/contact_sheet.h"
#include "tests/data/images/encoded.h"

namespace pg::testing {
namespace {

// An image of soft shapes, as in photographs, different for each seed.
Image scene(int64_t height, int64_t width, uint64_t seed) {
  FloatImage large = resample_square(random_image(5, 5, 3, seed), 256, Fit::stretch);
  Image square{256, 256, 3, {}};
  append_rounded(large, square.pixels);
  if (height == 256 && width == 256) return square;
  Image image{height, width, 3, {}};
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const uint8_t* p = square.pixels.data() + ((y * 256 / height) * 256 + x * 256 / width) * 3;
      image.pixels.insert(image.pixels.end(), p, p + 3);
    }
  }
  return image;
}

CheckReport check(const fs::path& folder, const CheckOptions& options = {}) {
  return check_images(*open_source(folder.string()), options);
}

TEST(Check, CountsKindsSizesAndClasses) {
  const TempFolder folder;
  write_bytes(folder / "a/photo.jpg", jpeg_bytes(scene(40, 30, 1)));
  write_bytes(folder / "a/turned.jpg", with_orientation(jpeg_bytes(scene(40, 30, 2)), 6));
  write_bytes(folder / "a/really-webp.png", webp_bytes(scene(64, 64, 3)));
  write_image(folder / "b/gray.png", convert_channels(scene(8, 8, 4), 1));
  write_image(folder / "b/clear.png", convert_channels(scene(8, 100, 5), 4));
  write_bytes(folder / "b/ink.jpeg",
              jpeg_bytes(random_image(16, 16, 4), {.given = JCS_CMYK, .kept = JCS_CMYK}));
  write_bytes(folder / "b/palette.png",
              PngFile{2, 1, 8, 3}.chunk("PLTE", {1, 2, 3, 200, 5, 6}).data({0, 0, 1}).bytes());
  write_bytes(folder / "b/deep.png", PngFile{2, 1, 16, 0}.data({0, 9, 1, 99, 1}).bytes());
  write_text(folder / "notes.txt", "words");
  CheckOptions options;
  options.resolution = 16;
  const CheckReport r = check(folder.path(), options);
  EXPECT_EQ(r.images, 8);
  EXPECT_EQ(r.usable, 8);
  EXPECT_EQ(r.ignored_files, 1);
  using Counts = std::map<std::string, int64_t>;
  EXPECT_EQ(r.formats, (Counts{{"JPEG", 3}, {"PNG", 4}, {"WebP", 1}}));
  EXPECT_EQ(r.colours, (Counts{{"CMYK", 1}, {"RGB", 4}, {"gray", 2}, {"palette", 1}}));
  EXPECT_EQ(r.with_alpha, 1);
  EXPECT_EQ(r.of_16_bits, 1);
  EXPECT_EQ(r.turned, 1);
  EXPECT_EQ(r.wrong_ending.images, (std::vector<int64_t>{1}));
  EXPECT_EQ(r.class_names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(r.class_counts, (std::vector<int64_t>{3, 5}));
  EXPECT_EQ(r.sizes.smallest.height, 1);
  EXPECT_EQ(r.sizes.largest.width, 64);
  EXPECT_EQ(r.sizes.below_resolution, 4);
  options.fit = Fit::pad;  // by the longer side: not the one of 8x100
  EXPECT_EQ(check(folder.path(), options).sizes.below_resolution, 3);
  EXPECT_EQ(r.sizes.not_square, 5);
  EXPECT_EQ(r.sizes.thin.count, 1);
  EXPECT_EQ((r.sizes.count_of.at({40, 30})), 1);  // turned upright
  EXPECT_EQ(r.sizes.by_shorter_side.at(16), 3);
}

TEST(Check, BrokenFilesAreListedWithTheirReason) {
  const TempFolder folder;
  const Bytes jpeg = jpeg_bytes(scene(40, 30, 1));
  write_bytes(folder / "good.jpg", jpeg);
  write_bytes(folder / "cut.jpg", std::span(jpeg).first(jpeg.size() / 2));
  write_text(folder / "empty.png", "");
  write_text(folder / "moving.gif", "GIF89a");
  write_text(folder / "zz/words.jpg", "words");
  const CheckReport r = check(folder.path());
  EXPECT_EQ(r.usable, 1);
  EXPECT_EQ(r.broken_count, 4);
  ASSERT_EQ(r.broken.size(), 4u);
  EXPECT_EQ(r.broken[0].file, "cut.jpg");
  EXPECT_EQ(r.broken[0].reason, "is a truncated JPEG; replace the file");
  EXPECT_EQ(r.broken[1].reason, "is empty; remove the file");
  EXPECT_EQ(r.broken[3].file, "zz/words.jpg");
  EXPECT_EQ(r.class_counts, (std::vector<int64_t>{1, 0}));
}

TEST(Check, CopiesAreFoundInAnyFormat) {
  const TempFolder folder;
  const Image image = scene(40, 30, 1);
  write_image(folder / "a.png", image);
  write_bytes(folder / "b.webp", webp_bytes(image));
  write_bytes(folder / "c.bmp", bmp_bytes(image));
  Image other = image;
  other.pixels[5] ^= 1;
  write_image(folder / "d.png", other);
  write_image(folder / "black.png", flat_image(8, {0, 0, 0}));
  write_image(folder / "white.png", flat_image(8, {255, 254, 253}));
  write_image(folder / "nothing.png", flat_image(8, {1, 99, 200, 0}));
  const CheckReport r = check(folder.path());
  EXPECT_EQ(r.duplicates.copies, 2);
  ASSERT_EQ(r.duplicates.exact.size(), 1u);
  EXPECT_EQ(r.duplicates.exact[0], (std::vector<int64_t>{0, 1, 3}));
  ASSERT_EQ(r.duplicates.near.size(), 1u);  // a and d, not two of a single colour
  EXPECT_EQ(r.duplicates.near[0].a, 0);
  EXPECT_EQ(r.duplicates.near[0].b, 4);
  EXPECT_EQ(r.single_colour.images, (std::vector<int64_t>{2, 5, 6}));
}

TEST(Check, ScaledAndCompressedCopiesAreNearAndOthersAreNot) {
  const TempFolder folder;
  constexpr int64_t kScenes = 60;
  for (int64_t k = 0; k < kScenes; ++k) {
    const std::string name = std::to_string(100 + k);
    const Image image = scene(200, 150, static_cast<uint64_t>(k));
    write_bytes(folder / (name + "-0.jpg"), jpeg_bytes(image));
    write_bytes(folder / (name + "-1.jpg"), jpeg_bytes(image, {.choose = [](j_compress_ptr jpeg) {
                                                         jpeg_set_quality(jpeg, 40, TRUE);
                                                       }}));
    write_bytes(folder / (name + "-2.webp"),
                webp_bytes(scene(100, 75, static_cast<uint64_t>(k)), 70));
  }
  const CheckReport r = check(folder.path());
  EXPECT_EQ(r.duplicates.copies, 0);
  for (const NearPair& pair : r.duplicates.near) EXPECT_EQ(pair.a / 3, pair.b / 3);
  EXPECT_EQ(r.duplicates.near.size(), 3 * kScenes);
}

TEST(Check, IsTheSameAtAnyNumberOfThreads) {
  const auto source = open_source("builtin:shapes:200");
  CheckOptions one, many;
  one.threads = 1;
  many.threads = 7;
  const CheckReport a = check_images(*source, one), b = check_images(*source, many);
  EXPECT_EQ(a.usable, 200);
  EXPECT_EQ(a.formats, b.formats);
  EXPECT_EQ(a.drawn, b.drawn);
  EXPECT_EQ(a.drawn.size(), 96u);
  EXPECT_EQ(a.duplicates.near.size(), b.duplicates.near.size());
  EXPECT_EQ(a.duplicates.exact, b.duplicates.exact);
}

TEST(Check, AnExceptionFromProgressEndsIt) {
  const auto source = open_source("builtin:shapes:1000");
  CheckOptions options;
  options.progress = [](const BuildProgress&) { throw Error("enough"); };
  EXPECT_HAS(error_of<Error>([&] { check_images(*source, options); }), "enough");
  options.progress = {};
  options.resolution = 100;
  EXPECT_HAS(error_of<UsageError>([&] { check_images(*source, options); }), "100");
}

TEST(Duplicates, WorkIsBoundedIfAllAreSimilar) {
  // Equal gradients, thumbnails that differ by one: the worst case of sorting by bands.
  std::vector<Fingerprint> images(30000);
  for (size_t i = 0; i < images.size(); ++i) {
    images[i].image = static_cast<int64_t>(i);
    images[i].pixels = i;
    for (size_t k = 0; k < images[i].thumbnail.size(); k += 2) images[i].thumbnail[k] = 200;
    images[i].thumbnail[1] = static_cast<uint8_t>(i % 2);
  }
  const Duplicates d = find_duplicates(images);
  EXPECT_EQ(d.copies, 0);
  EXPECT_EQ(d.near.size(), Duplicates::kMostPairs);
  // Thumbnails distinguish images whose hashes collide.
  for (Fingerprint& f : images) f.pixels = 7;
  EXPECT_EQ(find_duplicates(images).copies, 29998);
  EXPECT_EQ(find_duplicates(images).exact.size(), 2u);
}

TEST(Duplicates, EqualBandsDoNotTakeQuadraticTime) {
  std::vector<Fingerprint> images(60000);
  for (size_t i = 0; i < images.size(); ++i) {
    images[i].image = static_cast<int64_t>(i);
    images[i].pixels = i;
    uint32_t state = static_cast<uint32_t>(i) * 2654435761u + 1;
    for (uint8_t& v : images[i].thumbnail) {
      v = static_cast<uint8_t>((state = state * 1664525u + 1013904223u) >> 24);
    }
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(find_duplicates(images).near.size(), 0u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(ContactSheet, ShowsImagesAndPairsInFrames) {
  const TempFolder folder;
  write_image(folder / "a.png", flat_image(8, {200, 0, 0}));
  write_text(folder / "b.png", "broken");
  write_image(folder / "c.png", flat_image(8, {0, 200, 0}));
  const auto source = open_source(folder.path().string());
  const SheetOptions options = {.cell = 20, .columns = 4};
  const std::vector<int64_t> images = {0, 1, 2};
  const Image sheet = contact_sheet(*source, images, options);
  EXPECT_EQ(sheet.width, 60);
  EXPECT_EQ(sheet.height, 20);
  const auto at = [&](const Image& image, int64_t y, int64_t x) {
    const uint8_t* p = image.pixels.data() + (y * image.width + x) * 3;
    return Bytes{p[0], p[1], p[2]};
  };
  EXPECT_EQ(at(sheet, 10, 10), (Bytes{200, 0, 0}));
  EXPECT_EQ(at(sheet, 10, 30), (Bytes{0, 0, 0}));
  EXPECT_EQ(at(sheet, 10, 50), (Bytes{0, 200, 0}));
  EXPECT_EQ(at(sheet, 0, 10), (Bytes{70, 70, 70}));
  const std::vector<NearPair> pairs(3, NearPair{0, 2, 0.0});
  const Image sides = pair_sheet(*source, pairs, options);
  EXPECT_EQ(sides.width, 2 * 36);
  EXPECT_EQ(sides.height, 40);
  EXPECT_EQ(at(sides, 10, 17), (Bytes{200, 0, 0}));
  EXPECT_EQ(at(sides, 10, 18), (Bytes{0, 200, 0}));
}

}  // namespace
}  // namespace pg::testing
