// label_test.cpp: text drawn into images.
#include "data/images/label.h"

#include <set>

#include "tests/data/support.h"

namespace pg {
namespace {

using namespace testing;

// The label in an image of 256 rows, one character per pixel: '#' white, '-' box, '.' neither.
std::string drawn(std::string_view text, int64_t top, int64_t left, int64_t rows, int64_t columns) {
  Image image = flat_image(256, {100, 100, 100});
  draw_label(image, text);
  std::string art = "\n";
  for (int64_t y = top; y < top + rows; ++y) {
    for (int64_t x = left; x < left + columns; ++x) {
      const uint8_t v = image.pixels[static_cast<size_t>((y * 256 + x) * 3)];
      art += v == 255 ? '#' : v == 40 ? '-' : v == 100 ? '.' : '?';
    }
    art += '\n';
  }
  return art;
}

TEST(Label, IsWhiteOnADarkenedBoxInTheLowerLeftCorner) {
  EXPECT_EQ(drawn("4x", 234, 3, 19, 26), R"(
..........................
.------------------------.
.------------------------.
.------------------------.
.------------------------.
.--------###-------------.
.-------####-------------.
.------##-##-------------.
.-----##--##--##--##-----.
.-----##--##--##--##-----.
.-----#######--####------.
.---------##---####------.
.---------##--##--##-----.
.---------##--##--##-----.
.------------------------.
.------------------------.
.------------------------.
.------------------------.
..........................
)");
}

TEST(Label, EveryCharacterThatIsUsedLooksDifferent) {
  std::set<std::string> seen;
  const std::string characters = "0123456789.xkimg ";
  for (const char c : characters) seen.insert(drawn(std::string(1, c), 234, 3, 19, 18));
  EXPECT_EQ(seen.size(), characters.size());
  EXPECT_EQ(drawn("?", 234, 3, 19, 18), drawn(" ", 234, 3, 19, 18));
}

TEST(Label, GrowsWithTheImageAndIsCutOffInASmallOne) {
  Image large{1080, 1920, 3, std::vector<uint8_t>(1080 * 1920 * 3, 100)};
  draw_label(large, "1");
  int64_t white = 0;
  for (const uint8_t v : large.pixels) white += v == 255;
  Image small = flat_image(256, {100, 100, 100});
  draw_label(small, "1");
  int64_t base = 0;
  for (const uint8_t v : small.pixels) base += v == 255;
  EXPECT_EQ(white, 16 * base);  // 1080 / 256 = 4 times as large
  Image tiny = flat_image(8, {100});
  draw_label(tiny, "160 kimg 32x32");
  EXPECT_EQ(tiny.pixels.size(), 64U);
  EXPECT_NE(tiny.pixels, flat_image(8, {100}).pixels);
}

}  // namespace
}  // namespace pg
