// timelapse_test.cpp: the moments of a run over time, and the sample images of its folder.
#include "model/run/timelapse.h"

#include <algorithm>

#include "data/images/png.h"
#include "model/run/sample_images.h"
#include "tests/model/run/run_folders.h"

namespace pg {
namespace {

TEST(Timelapse, EqualFactorsOfImagesTakeEqualTimes) {
  const std::vector<int64_t> images = {1000, 2000, 4000, 8000, 16000};
  const std::vector<size_t> moments = moments_over_time(images, 4000);
  for (size_t m = 0; m + 1 < images.size(); ++m) {
    EXPECT_NEAR(static_cast<double>(std::ranges::count(moments, m)), 900, 1);
  }
  EXPECT_NEAR(static_cast<double>(std::ranges::count(moments, 4U)), 400, 1);
  EXPECT_TRUE(std::ranges::is_sorted(moments));
}

TEST(Timelapse, StartsWithTheFirstAndEndsWithTheLast) {
  for (const int64_t frames : {1, 2, 5, 600}) {
    for (const auto& images : std::vector<std::vector<int64_t>>{
             {0}, {5000}, {0, 1000}, {0, 160000, 320000, 12000000}, {7, 8, 9, 10}}) {
      const std::vector<size_t> moments = moments_over_time(images, frames);
      ASSERT_EQ(moments.size(), static_cast<size_t>(frames));
      EXPECT_EQ(moments.back(), images.size() - 1);
      EXPECT_TRUE(frames == 1 || moments.front() == 0);
    }
  }
}

TEST(Timelapse, LabelsNameImagesShownAndResolution) {
  EXPECT_EQ(moment_label(160000, 32), "160 kimg 32x32");
  EXPECT_EQ(moment_label(1500, 4), "1.5 kimg 4x4");
  EXPECT_EQ(moment_label(12345678, 1024), "12346 kimg 1024x1024");
  EXPECT_EQ(moment_label(2000, 0), "2 kimg");
  EXPECT_EQ(moment_label(0, 0), "0 kimg");
}

// Frames of moments that are one gray pixel each: 0, 100, 200, ...
std::vector<int> grays(const std::vector<size_t>& moments, const std::vector<size_t>& broken = {}) {
  std::vector<size_t> loads;
  TimelapseFrames frames(moments, [&](size_t m) -> std::optional<Moment> {
    loads.push_back(m);
    if (std::ranges::count(broken, m) > 0) return std::nullopt;
    return Moment{.image = {1, 1, 1, {static_cast<uint8_t>(100 * m)}},
                  .label = moment_label(static_cast<int64_t>(1000 * m), 0)};
  });
  std::vector<int> values;
  for (size_t i = 0; i < moments.size(); ++i) {
    const std::optional<Moment> frame = frames.next();
    values.push_back(frame ? frame->image.pixels[0] : -1);
  }
  EXPECT_TRUE(std::ranges::is_sorted(loads));
  EXPECT_EQ(std::ranges::adjacent_find(loads), loads.end());  // each one once
  return values;
}

TEST(Timelapse, FadesOverFourFrames) {
  EXPECT_EQ(grays({0, 0, 0, 0, 1, 1, 1, 1, 1}),
            (std::vector<int>{0, 0, 0, 0, 25, 50, 75, 100, 100}));
  // The next moment may come before the fade has ended.
  EXPECT_EQ(grays({0, 0, 0, 0, 1, 1, 2, 2, 2, 2}),
            (std::vector<int>{0, 0, 0, 0, 25, 50, 100, 150, 175, 200}));
  EXPECT_EQ(grays({0, 1}), (std::vector<int>{0, 50}));
}

TEST(Timelapse, SkipsMomentsThatCannotBeRead) {
  EXPECT_EQ(grays({0, 0, 0, 0, 1, 1, 1, 1, 1}, {1}), std::vector<int>(9, 0));
  EXPECT_EQ(grays({0, 0, 1, 1, 2, 2, 2, 2}, {0, 1}), std::vector<int>(8, 200));
  EXPECT_EQ(grays({0, 1}, {0, 1}), (std::vector<int>{-1, -1}));
}

class SampleImageFiles : public RunFolders {
 protected:
  void SetUp() override {
    RunFolders::SetUp();
    config_.model.resolution = 8;
  }

  // A grid whose image of latent i is one colour: i, i, 10 * `colour`.
  static void write_sample(const RunFolder& run, int64_t kimg, const GridSize& grid, int colour) {
    Grid image(grid.rows * grid.columns, grid.columns);
    for (int64_t i = 0; i < grid.rows * grid.columns; ++i) {
      Image one{8, 8, 3, {}};
      for (int p = 0; p < 64; ++p) {
        one.pixels.insert(one.pixels.end(), {static_cast<uint8_t>(i), static_cast<uint8_t>(i),
                                             static_cast<uint8_t>(10 * colour)});
      }
      image.add(one);
    }
    write_png(run.fakes_image(kimg * 1000), image.image());
  }

  // The first colours of the cells, row by row.
  static std::vector<int> cells_of(const Image& image) {
    std::vector<int> values;
    for (int64_t y = 0; y < image.height; y += 8) {
      for (int64_t x = 0; x < image.width; x += 8) {
        const auto at = static_cast<size_t>((y * image.width + x) * 3);
        EXPECT_EQ(image.pixels[at], image.pixels[at + 3 * 7]);
        values.push_back(image.pixels[at]);
      }
    }
    return values;
  }
};

TEST_F(SampleImageFiles, KeepTheirLatentsWhenTheGridChanged) {
  const RunFolder run = run_with({});
  write_sample(run, 1, {.rows = 2, .columns = 3}, 1);
  write_sample(run, 2, {.rows = 4, .columns = 4}, 2);
  const SampleImages samples(run);
  ASSERT_EQ(samples.all().size(), 2U);
  EXPECT_EQ(samples.grid().columns, 4);
  const GridSize cells{.rows = 2, .columns = 2};
  EXPECT_EQ(cells_of(samples.load(samples.all()[1], cells)), (std::vector<int>{0, 1, 4, 5}));
  EXPECT_EQ(cells_of(samples.load(samples.all()[0], cells)), (std::vector<int>{0, 1, 4, 5}));
  const GridSize more{.rows = 3, .columns = 1};  // latents 0, 4 and 8, which the first has not
  EXPECT_EQ(cells_of(samples.load(samples.all()[0], more)), (std::vector<int>{0, 4, 0}));
}

TEST_F(SampleImageFiles, OfClassesKeepTheirPlace) {
  config_.model.conditioning = Conditioning::acgan;
  config_.model.label_size = 3;
  const RunFolder run = run_with({});
  write_sample(run, 1, {.rows = 2, .columns = 3}, 1);
  write_sample(run, 2, {.rows = 4, .columns = 4}, 2);
  const SampleImages samples(run);
  EXPECT_EQ(cells_of(samples.load(samples.all()[0], {.rows = 2, .columns = 2})),
            (std::vector<int>{0, 1, 3, 4}));
}

TEST_F(SampleImageFiles, StagesComeFromTheStatistics) {
  const RunFolder run = run_with({});
  for (const int64_t kimg : {0, 2, 3, 5, 9}) write_sample(run, kimg, {.rows = 1, .columns = 1}, 1);
  write_text(run.stats_file(),
             "{\"kimg\":2.0,\"resolution\":4}\n{\"kimg\":4.0,\"resolution\":8}\nother\n"
             "{\"kimg\":5.0,\"resolution\":16}\n");
  std::vector<int64_t> stages;
  const SampleImages samples(run);
  for (const SampleImage& s : samples.all()) stages.push_back(s.resolution);
  EXPECT_EQ(stages, (std::vector<int64_t>{4, 4, 8, 16, 0}));
}

TEST_F(SampleImageFiles, ForeignAndSupersededFilesAreSkipped) {
  const RunFolder run = run_with({});
  write_sample(run, 1, {.rows = 1, .columns = 1}, 1);
  write_sample(run, 2, {.rows = 1, .columns = 1}, 2);
  std::filesystem::rename(run.fakes_image(2000), run.path() / "superseded-fakes000002.png");
  write_text(run.fakes_image(3000), "a text");
  write_png(run.fakes_image(4000), Image{9, 8, 1, std::vector<uint8_t>(72)});
  std::filesystem::create_directory(run.fakes_image(5000));
  const SampleImages samples(run);
  ASSERT_EQ(samples.all().size(), 1U);
  EXPECT_EQ(samples.all()[0].images_shown, 1000);
  ASSERT_EQ(samples.skipped().size(), 3U);
  EXPECT_EQ(samples.skipped()[0], "fakes000003.png: not a PNG file");
  EXPECT_EQ(samples.skipped()[1], "fakes000004.png: not a grid of images of 8x8");
}

TEST(UsualCells, FitIntoAScreen) {
  const auto fit = [](GridSize grid, int64_t side) {
    const GridSize cells = usual_cells(grid, side);
    return std::pair(cells.rows, cells.columns);
  };
  EXPECT_EQ(fit({.rows = 8, .columns = 8}, 64), std::pair(int64_t{8}, int64_t{8}));
  EXPECT_EQ(fit({.rows = 8, .columns = 8}, 256), std::pair(int64_t{4}, int64_t{7}));
  EXPECT_EQ(fit({.rows = 8, .columns = 8}, 1024), std::pair(int64_t{1}, int64_t{1}));
}

}  // namespace
}  // namespace pg
