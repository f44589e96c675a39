// mixed_folder_test.cpp: a folder of images of every kind and shape, with broken files, becomes a
// data set with each fit.
#include "data/sets/build.h"
#include "data/sets/dataset.h"
#include "tests/data/images/encoded.h"

namespace pg::testing {
namespace {

class MixedFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    const Bytes jpeg = jpeg_bytes(random_image(40, 60, 3));
    write_image(folder_ / "set/a-line.png", random_image(1, 1000, 3));
    write_image(folder_ / "set/b-tiny.png", random_image(3, 3, 3));
    write_image(folder_ / "set/c-gray.png", random_image(33, 17, 1));
    write_image(folder_ / "set/d-clear.png", random_image(20, 90, 4));
    write_bytes(folder_ / "set/e-progressive.jpg",
                jpeg_bytes(random_image(64, 48, 3),
                           {.choose = [](j_compress_ptr j) { jpeg_simple_progression(j); }}));
    write_bytes(folder_ / "set/f-ink.jpg",
                jpeg_bytes(random_image(31, 31, 4), {.given = JCS_CMYK, .kept = JCS_YCCK}));
    write_bytes(folder_ / "set/g-turned.jpg", with_orientation(jpeg, 8));
    write_bytes(folder_ / "set/h-webp.jpg", webp_bytes(random_image(50, 20, 4), 80));
    write_bytes(folder_ / "set/i-cut.jpg", std::span(jpeg).first(jpeg.size() / 2));
    write_text(folder_ / "set/j-empty.webp", "");
    write_text(folder_ / "set/k-moving.gif", "GIF89a");
  }

  Manifest build(Fit fit, int64_t resolution = 32) {
    BuildOptions options;
    options.resolution = resolution;
    options.fit = fit;
    options.existing = Existing::replace;
    return build_dataset(*open_source((folder_ / "set").string()), "set", folder_ / "out", options)
        .manifest;
  }

  TempFolder folder_;
};

TEST_F(MixedFolder, IsBuiltWithEachFitAndBrokenFilesAreNamed) {
  for (const Fit fit : {Fit::crop, Fit::pad, Fit::stretch}) {
    const Manifest m = build(fit);
    EXPECT_EQ(m.count, 8) << name_of(fit);
    ASSERT_EQ(m.rejected.size(), 3u);
    EXPECT_EQ(m.rejected[0].file, "i-cut.jpg");
    EXPECT_HAS(m.rejected[0].reason, "is a truncated JPEG");
    EXPECT_HAS(m.rejected[1].reason, "is empty");
    EXPECT_HAS(m.rejected[2].reason, "is a GIF image");
    Dataset(folder_ / "out").verify();
  }
}

TEST_F(MixedFolder, PadKeepsALineThatCropReducesToAPoint) {
  const auto rows_with_light = [&](Fit fit) {
    build(fit);
    const Dataset set(folder_ / "out");
    const auto image = set.image(32, 0);
    int rows = 0;
    for (size_t y = 0; y < 32; ++y) {
      rows += std::any_of(image.begin() + static_cast<std::ptrdiff_t>(y * 96),
                          image.begin() + static_cast<std::ptrdiff_t>((y + 1) * 96),
                          [](uint8_t v) { return v > 0; });
    }
    return rows;
  };
  EXPECT_EQ(rows_with_light(Fit::pad), 1);
  EXPECT_EQ(rows_with_light(Fit::crop), 32);
  EXPECT_EQ(rows_with_light(Fit::stretch), 32);
}

TEST_F(MixedFolder, SmallImagesAreEnlarged) {
  EXPECT_EQ(build(Fit::crop, 128).count, 8);
  EXPECT_EQ(build(Fit::crop, 0).resolution, 16);  // the median shorter side is 20
}

}  // namespace
}  // namespace pg::testing
