// frame_test.cpp: frames of videos, and their colours.
#include "data/video/frame.h"

#include "tests/data/support.h"

namespace pg {
namespace {

using namespace testing;

TEST(VideoFrame, SmallImagesAreEnlargedByWholeFactorsToAtLeast512Pixels) {
  EXPECT_EQ(video_factor(4, 4), 128);
  EXPECT_EQ(video_factor(64, 64), 8);
  EXPECT_EQ(video_factor(96, 64), 8);
  EXPECT_EQ(video_factor(256, 300), 2);
  EXPECT_EQ(video_factor(300, 256), 2);
  EXPECT_EQ(video_factor(512, 512), 1);
  EXPECT_EQ(video_factor(1080, 1920), 1);
  EXPECT_EQ(video_factor(4, 1024), 2);  // else 512 x 131072
  EXPECT_EQ(video_factor(4, 4096), 1);
  for (int64_t height = 1; height < 700; height += 13) {
    for (int64_t width = 1; width < 3000; width += 97) {
      const int64_t factor = video_factor(height, width);
      EXPECT_EQ(video_factor(height * factor, width * factor), 1) << height << "x" << width;
    }
  }
  EXPECT_THROW(video_factor(0, 5), UsageError);
}

TEST(VideoFrame, PixelsAreRepeatedAndOddExtentsPadded) {
  const Image image = random_image(3, 601, 3);
  const Image frame = video_frame(image);
  EXPECT_EQ(frame.height, 10);  // three times as large, and even
  EXPECT_EQ(frame.width, 1804);
  for (int64_t y = 0; y < frame.height; ++y) {
    for (int64_t x = 0; x < frame.width; ++x) {
      const int64_t from = (std::min<int64_t>(y / 3, 2) * 601 + std::min<int64_t>(x / 3, 600)) * 3;
      for (int64_t c = 0; c < 3; ++c) {
        ASSERT_EQ(frame.pixels[static_cast<size_t>((y * frame.width + x) * 3 + c)],
                  image.pixels[static_cast<size_t>(from + c)]);
      }
    }
  }
}

TEST(VideoFrame, GrayBecomesColour) {
  const Image frame = video_frame(flat_image(512, {77}));
  EXPECT_EQ(frame.channels, 3);
  EXPECT_EQ(frame.pixels, flat_image(512, {77, 77, 77}).pixels);
}

// Values of the formulas, computed by hand.
TEST(VideoFrame, ColoursAreThoseOfBt709InStudioRange) {
  const auto colours = [](uint8_t r, uint8_t g, uint8_t b) {
    const I420 frame = to_i420(flat_image(2, {r, g, b}));
    EXPECT_EQ(frame.y, std::vector<uint8_t>(4, frame.y[0]));
    return std::vector<int>{frame.y[0], frame.cb.at(0), frame.cr.at(0)};
  };
  EXPECT_EQ(colours(0, 0, 0), (std::vector<int>{16, 128, 128}));
  EXPECT_EQ(colours(255, 255, 255), (std::vector<int>{235, 128, 128}));
  EXPECT_EQ(colours(128, 128, 128), (std::vector<int>{126, 128, 128}));
  EXPECT_EQ(colours(255, 0, 0), (std::vector<int>{63, 102, 240}));
  EXPECT_EQ(colours(0, 255, 0), (std::vector<int>{173, 42, 26}));
  EXPECT_EQ(colours(0, 0, 255), (std::vector<int>{32, 240, 118}));
}

TEST(VideoFrame, ColourIsTheMeanOfFourPixels) {
  Image image{2, 2, 3, {255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 255, 255}};
  const I420 frame = to_i420(image);
  EXPECT_EQ(frame.y, (std::vector<uint8_t>{63, 63, 63, 235}));
  EXPECT_EQ(frame.cb, std::vector<uint8_t>{109});  // 128 + 3/4 (102.3 - 128)
  EXPECT_EQ(frame.cr, std::vector<uint8_t>{212});  // 128 + 3/4 (240 - 128)
}

}  // namespace
}  // namespace pg
