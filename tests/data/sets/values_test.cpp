// values_test.cpp: ranges of samples, backgrounds, and sentences about them.
#include <png.h>

#include "data/sets/build.h"
#include "data/sets/cache.h"
#include "data/sets/cache_list.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

// A gray PNG of 16 bits per sample, a ramp from `low` to `high`.
void write_deep(const fs::path& path, int low, int high, int64_t side = 8) {
  fs::create_directories(path.parent_path());
  std::vector<uint8_t> samples;
  const int64_t count = side * side;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t value = low + (high - low) * i / (count - 1);
    samples.push_back(static_cast<uint8_t>(value >> 8));
    samples.push_back(static_cast<uint8_t>(value & 255));
  }
  FILE* file = std::fopen(path.c_str(), "wb");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, file);
  const auto extent = static_cast<png_uint_32>(side);
  png_set_IHDR(png, info, extent, extent, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass) {
    for (int64_t y = 0; y < side; ++y) png_write_row(png, samples.data() + y * side * 2);
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

class Values : public ::testing::Test {
 protected:
  BuildReport build(BuildOptions options) {
    options.resolution = 8;
    options.existing = Existing::replace;
    return build_dataset(*open_source((folder_ / "set").string()), "set", folder_ / "out", options);
  }
  std::vector<uint8_t> pixels() { return Dataset(folder_ / "out").image(8, 0); }

  TempFolder folder_;
};

TEST_F(Values, SamplesOf16BitsKeepBothBytes) {
  write_deep(folder_ / "set/a.png", 0, 4095);
  const Image image = decode_file(folder_ / "set/a.png");
  ASSERT_EQ(image.lower.size(), 64u);
  for (size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(image.pixels[i] << 8 | image.lower[i], 4095 * static_cast<int>(i) / 63) << i;
  }
}

TEST_F(Values, ARangeStretchesTwelveBitsInSixteen) {
  write_deep(folder_ / "set/a.png", 0, 4095);
  const BuildReport full = build({.channels = 1});
  EXPECT_EQ(pixels()[63], 15);
  ASSERT_EQ(full.advice.size(), 1u);
  EXPECT_HAS(full.advice[0], "within 0 to 16 of 255 (0 to 4095 of 65535); --set data.range=auto");
  for (const ValueRange& range : {parse_range("0-4095", ""), parse_range("auto", "")}) {
    const BuildReport report = build({.channels = 1, .range = range});
    EXPECT_TRUE(report.advice.empty());
    EXPECT_EQ(report.manifest.range, text_of(range));
    EXPECT_EQ(read_manifest(folder_ / "out").range, text_of(range));
    const std::vector<uint8_t> stretched = pixels();
    EXPECT_EQ(stretched[0], 0);
    EXPECT_EQ(stretched[31], 125);  // 2015 of 4095
    EXPECT_EQ(stretched[63], 255);
  }
}

TEST_F(Values, ARangeOfEightBitsLeavesAlphaAlone) {
  Image image{1, 2, 4, {10, 20, 30, 7, 50, 60, 5, 255}};
  apply_range(image, parse_range("10-60", ""));
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{0, 51, 102, 7, 204, 255, 0, 255}));
}

TEST_F(Values, RangesAndColoursAreRejectedByName) {
  for (const char* text : {"", "4095", "9-3", "3-3", "0-70000", "0-4095x", "-1-5", "automatic"}) {
    EXPECT_HAS(error_of<UsageError>([&] { parse_range(text, "data.range"); }),
               "data.range: expected full, auto or LOW-HIGH");
  }
  for (const char* text : {"", "red", "#12345", "#12345g", "#1234567"}) {
    EXPECT_HAS(error_of<UsageError>([&] { parse_background(text, "--background"); }),
               "--background: expected black, white, gray or #rrggbb");
  }
  EXPECT_EQ(parse_background("#0a14ff", ""), (Background{10, 20, 255}));
}

TEST_F(Values, TheBackgroundIsBehindTransparentPartsAndBesidePaddedOnes) {
  write_image(folder_ / "set/a.png", flat_image(8, {10, 10, 10, 0}));
  const BuildReport black = build({});
  EXPECT_EQ(pixels()[0], 0);
  ASSERT_EQ(black.advice.size(), 2u);
  EXPECT_HAS(black.advice[0], "1 of 1 images have a single colour");
  EXPECT_HAS(black.advice[1], "transparent parts");
  Image half = random_image(8, 8, 4);
  write_image(folder_ / "set/a.png", half);
  EXPECT_HAS(build({}).advice.at(0), "1 of 1 images have transparent parts, which become black");
  const Background white{255, 255, 255};
  write_image(folder_ / "set/a.png", flat_image(8, {0, 0, 0, 0}));
  EXPECT_TRUE(build({.background = white}).advice.empty());
  EXPECT_EQ(pixels(), std::vector<uint8_t>(8 * 8 * 3, 255));
  EXPECT_EQ(read_manifest(folder_ / "out").background, "#ffffff");
  Image wide{4, 8, 3, std::vector<uint8_t>(4 * 8 * 3, 50)};
  write_image(folder_ / "set/a.png", wide);
  build({.fit = Fit::pad, .background = white});
  EXPECT_EQ(pixels()[0], 255);
  EXPECT_EQ(pixels()[4 * 8 * 3], 50);
}

TEST_F(Values, GrayImagesInThreeChannelsAreToldOnce) {
  write_image(folder_ / "set/a.png", random_image(8, 8, 1));
  EXPECT_HAS(build({}).advice.at(0), "all images are gray; --set model.channels=1");
  EXPECT_TRUE(build({.channels = 1}).advice.empty());
  write_image(folder_ / "set/b.png", random_image(8, 8, 3));
  EXPECT_TRUE(build({}).advice.empty());
}

TEST(EnlargedImages, AreCountedForEveryFit) {
  EXPECT_TRUE(is_enlarged(31, 100, 32, Fit::crop));
  EXPECT_FALSE(is_enlarged(32, 100, 32, Fit::crop));
  EXPECT_TRUE(is_enlarged(31, 100, 32, Fit::stretch));
  EXPECT_FALSE(is_enlarged(28, 28, 32, Fit::pad));
  EXPECT_TRUE(is_enlarged(28, 28, 64, Fit::pad));
  EXPECT_FALSE(is_enlarged(20, 60, 64, Fit::pad));
}

TEST(EnlargedImages, AreMentioned) {
  const TempFolder folder;
  write_image(folder / "set/large.png", flat_image(16, {1, 2, 3}));
  write_image(folder / "set/small.png", flat_image(8, {3, 2, 1}));
  const auto source = open_source((folder / "set").string());
  BuildOptions options;
  options.resolution = 16;
  const auto advice = build_dataset(*source, "set", folder / "a", options).advice;
  EXPECT_EQ(advice.back(),
            "1 of 2 images have fewer pixels than 16x16 and are enlarged, which blurs them; remove "
            "them, or choose a lower --resolution");
  options.resolution = 8;
  for (const std::string& text : build_dataset(*source, "set", folder / "b", options).advice) {
    EXPECT_EQ(text.find("enlarged"), std::string::npos) << text;
  }
}

class SharedCache : public ::testing::Test {
 protected:
  OpenOptions options(int64_t resolution) {
    OpenOptions options;
    options.build.resolution = resolution;
    options.cache_folder = folder_ / "cache";
    options.built = [this](const BuildReport&) { ++built_; };
    options.verify = [](const Dataset&) {};
    return options;
  }
  Dataset open(int64_t resolution) {
    return open_or_build((folder_ / "set").string(), options(resolution));
  }
  void add(int64_t height, int64_t width) {
    write_image(folder_ / message("set/", height, ".png"), random_image(height, width, 3));
  }

  TempFolder folder_;
  int built_ = 0;
};

TEST_F(SharedCache, LargerSetsServeSmallerRequestsWithTheSameBits) {
  add(64, 100);
  add(32, 32);
  open(32);
  const Dataset served = open(8);
  EXPECT_EQ(built_, 1);
  EXPECT_EQ(served.max_resolution(), 32);
  BuildOptions direct;
  direct.resolution = 8;
  build_dataset(*open_source((folder_ / "set").string()), "set", folder_ / "direct", direct);
  const Dataset expected(folder_ / "direct");
  for (const int64_t resolution : {4, 8}) {
    for (int64_t i = 0; i < 2; ++i) {
      EXPECT_EQ(served.image(resolution, i), expected.image(resolution, i));
    }
  }
}

TEST_F(SharedCache, SetsWhoseLevelsWouldDifferAreBuiltAgain) {
  add(50, 50);
  open(32);
  EXPECT_EQ(open(8).max_resolution(), 8);
  EXPECT_EQ(built_, 2);
}

TEST_F(SharedCache, AResolutionLeftOpenIsFoundByItsValue) {
  add(50, 50);
  EXPECT_EQ(open(0).max_resolution(), 32);
  EXPECT_EQ(open(32).max_resolution(), 32);
  EXPECT_EQ(built_, 1);
}

TEST_F(SharedCache, BackgroundAndRangeHaveSetsOfTheirOwn) {
  add(8, 8);
  open(8);
  OpenOptions white = options(8), range = options(8);
  white.build.background = {255, 255, 255};
  range.build.range = parse_range("0-100", "");
  open_or_build((folder_ / "set").string(), white);
  open_or_build((folder_ / "set").string(), range);
  open(8);
  EXPECT_EQ(built_, 3);
}

TEST_F(SharedCache, ListsSetsAndClearsThoseThatNobodyUses) {
  add(8, 8);
  EXPECT_TRUE(cached_sets(folder_ / "cache").empty());
  {
    const Dataset used = open(8);
    const std::vector<CachedSet> sets = cached_sets(folder_ / "cache");
    ASSERT_EQ(sets.size(), 1u);
    EXPECT_EQ(sets[0].manifest->count, 1);
    EXPECT_GT(sets[0].bytes, 8 * 8 * 3);
    EXPECT_EQ(clear_cached(sets[0]), Cleared::in_use);
  }
  const CachedSet set = cached_sets(folder_ / "cache").at(0);
  write_text(set.folder / "mine.txt", "kept");
  EXPECT_TRUE(cached_sets(folder_ / "cache").empty());  // no set of ours any more
  EXPECT_EQ(clear_cached(set), Cleared::failed);
  fs::remove(set.folder / "mine.txt");
  EXPECT_EQ(clear_cached(set), Cleared::yes);
  EXPECT_TRUE(fs::is_empty(folder_ / "cache"));
  EXPECT_EQ(open(8).count(), 1);
}

}  // namespace
}  // namespace pg::testing
