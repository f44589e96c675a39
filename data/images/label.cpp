// label.cpp: the font, and text with a box behind it.
#include "data/images/label.h"

#include <algorithm>
#include <array>

namespace pg {
namespace {

constexpr int64_t kHeight = 13, kWidth = 8;  // of a character

// Characters beside each other; a '#' is white.
using Glyphs = std::array<std::string_view, kHeight>;

constexpr std::string_view kDigits = "0123456789";
constexpr Glyphs kDigitGlyphs = {
    "................................................................................",
    "................................................................................",
    "..####.....##.....####....####......###..######...####...######...####....####..",
    ".##..##...###....##..##..##..##....####..##......##..##......##..##..##..##..##.",
    ".##..##..####........##......##...##.##..##......##..........##..##..##..##..##.",
    ".##..##....##........##......##..##..##..#####...##.........##...##..##..##..##.",
    ".##..##....##.......##.....###...##..##......##..#####......##....####....#####.",
    ".##..##....##......##........##..#######.....##..##..##....##....##..##......##.",
    ".##..##....##.....##.........##......##......##..##..##....##....##..##......##.",
    ".##..##....##....##......##..##......##..##..##..##..##...##.....##..##..##..##.",
    "..####...######..######...####.......##...####....####....##......####....####..",
    "................................................................................",
    "................................................................................"};

constexpr std::string_view kLetters = ".xkimg";
constexpr Glyphs kLetterGlyphs = {"................................................",
                                  "................................................",
                                  ".................##........##...................",
                                  ".................##........##...................",
                                  ".................##.............................",
                                  ".........##..##..##..##...###...#######...#####.",
                                  ".........##..##..##.##.....##...##.#.##..##..##.",
                                  "..........####...####......##...##.#.##..##..##.",
                                  "..........####...####......##...##.#.##..##..##.",
                                  "...##....##..##..##.##.....##...##.#.##...#####.",
                                  "...##....##..##..##..##...####..##.#.##......##.",
                                  ".............................................##.",
                                  "..........................................####.."};

bool is_white(char c, int64_t y, int64_t x) {
  for (const auto& [names, glyphs] :
       {std::pair(kDigits, &kDigitGlyphs), {kLetters, &kLetterGlyphs}}) {
    const size_t at = names.find(c);
    if (at != std::string_view::npos) {
      return (*glyphs)[static_cast<size_t>(y)][at * kWidth + static_cast<size_t>(x)] == '#';
    }
  }
  return false;
}

// Calls `change` for each sample of the pixels of a box that lie in the image.
template <typename Change>
void change_box(Image& image, int64_t top, int64_t left, int64_t height, int64_t width,
                Change change) {
  for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + height, image.height); ++y) {
    for (int64_t x = std::max<int64_t>(left, 0); x < std::min(left + width, image.width); ++x) {
      uint8_t* pixel = image.pixels.data() + (y * image.width + x) * image.channels;
      for (int64_t c = 0; c < image.channels; ++c) pixel[c] = change(pixel[c]);
    }
  }
}

}  // namespace

void draw_label(Image& image, std::string_view text) {
  constexpr int64_t kMargin = 4;
  const auto count = static_cast<int64_t>(text.size());
  const int64_t columns = count * kWidth + 4 * kMargin;
  const int64_t scale = std::max<int64_t>(1, std::min(image.height / 256, image.width / columns));
  const int64_t height = (kHeight + kMargin) * scale,
                width = (count * kWidth + 2 * kMargin) * scale;
  const int64_t top = image.height - height - kMargin * scale, left = kMargin * scale;
  change_box(image, top, left, height, width,
             [](uint8_t v) { return static_cast<uint8_t>(v * 2 / 5); });
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t y = 0; y < kHeight; ++y) {
      for (int64_t x = 0; x < kWidth; ++x) {
        if (!is_white(text[static_cast<size_t>(i)], y, x)) continue;
        change_box(image, top + (y + kMargin / 2) * scale,
                   left + (kMargin + i * kWidth + x) * scale, scale, scale,
                   [](uint8_t) { return uint8_t{255}; });
      }
    }
  }
}

}  // namespace pg
