// frame.cpp: enlarging frames, and their colours as video stores them.
#include "data/video/frame.h"

#include <algorithm>

#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kLeastSide = 512, kMostEnlarged = 2048;

// Fixed point: 1 is 65536, rounded.
constexpr int fixed(double x) { return static_cast<int>(x * 65536.0 + (x < 0 ? -0.5 : 0.5)); }

// The weights of the colours in Y, Cb and Cr, for bytes. Green is chosen so that gray has no
// colour.
struct Weights {
  int r, g, b;
};
constexpr Weights kY = {fixed(0.2126 * 219 / 255), fixed(0.7152 * 219 / 255),
                        fixed(0.0722 * 219 / 255)};
constexpr int kCbRed = fixed(-0.2126 / 1.8556 * 224 / 255), kCbBlue = fixed(0.5 * 224 / 255);
constexpr int kCrRed = fixed(0.5 * 224 / 255), kCrBlue = fixed(-0.0722 / 1.5748 * 224 / 255);
constexpr Weights kCb = {kCbRed, -kCbRed - kCbBlue, kCbBlue};
constexpr Weights kCr = {kCrRed, -kCrRed - kCrBlue, kCrBlue};

// offset + the weighted sum of the colours, each the sum of 2^bits pixels.
uint8_t weighted(const Weights& w, const int* rgb, int offset, int bits) {
  const int shift = 16 + bits;
  const int sum = w.r * rgb[0] + w.g * rgb[1] + w.b * rgb[2];
  return static_cast<uint8_t>((sum + (offset << shift) + (1 << (shift - 1))) >> shift);
}

Image with_even_extents(Image image) {
  const int64_t height = (image.height + 1) / 2 * 2, width = (image.width + 1) / 2 * 2;
  if (height == image.height && width == image.width) return image;
  Image even{height, width, image.channels, {}};
  even.pixels.reserve(static_cast<size_t>(height * width * image.channels));
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t row = std::min(y, image.height - 1), column = std::min(x, image.width - 1);
      const auto at = image.pixels.begin() + (row * image.width + column) * image.channels;
      even.pixels.insert(even.pixels.end(), at, at + image.channels);
    }
  }
  return even;
}

}  // namespace

int64_t video_factor(int64_t height, int64_t width) {
  const int64_t shorter = std::min(height, width), longer = std::max(height, width);
  PG_CHECK(shorter > 0, UsageError, "a video needs frames with pixels, got ", height, "x", width);
  return std::max<int64_t>(1,
                           std::min((kLeastSide + shorter - 1) / shorter, kMostEnlarged / longer));
}

Image enlarged(const Image& image, int64_t factor) {
  if (factor == 1) return image;
  Image out{image.height * factor, image.width * factor, image.channels, {}};
  out.pixels.reserve(static_cast<size_t>(out.height * out.width * out.channels));
  std::vector<uint8_t> row;
  for (int64_t y = 0; y < image.height; ++y) {
    row.clear();
    for (int64_t x = 0; x < image.width; ++x) {
      const auto at = image.pixels.begin() + (y * image.width + x) * image.channels;
      for (int64_t i = 0; i < factor; ++i) row.insert(row.end(), at, at + image.channels);
    }
    for (int64_t i = 0; i < factor; ++i) {
      out.pixels.insert(out.pixels.end(), row.begin(), row.end());
    }
  }
  return out;
}

Image video_frame(const Image& image) {
  const int64_t factor = video_factor(image.height, image.width);
  return with_even_extents(enlarged(convert_channels(image, 3), factor));
}

I420 to_i420(const Image& rgb) {
  PG_ASSERT(rgb.channels == 3 && rgb.height % 2 == 0 && rgb.width % 2 == 0);
  const auto pixels = static_cast<size_t>(rgb.height * rgb.width);
  I420 out{rgb.height, rgb.width, {}, {}, {}};
  out.y.reserve(pixels);
  out.cb.reserve(pixels / 4);
  out.cr.reserve(pixels / 4);
  const int64_t stride = rgb.width * 3;
  for (int64_t y = 0; y < rgb.height; ++y) {
    const uint8_t* row = rgb.pixels.data() + y * stride;
    for (int64_t x = 0; x < stride; x += 3) {
      const int one[3] = {row[x], row[x + 1], row[x + 2]};
      out.y.push_back(weighted(kY, one, 16, 0));
    }
    if (y % 2 != 0) continue;
    for (int64_t x = 0; x < stride; x += 6) {
      int four[3];
      for (int64_t c = 0; c < 3; ++c) {
        const uint8_t* p = row + x + c;
        four[c] = p[0] + p[3] + p[stride] + p[stride + 3];
      }
      out.cb.push_back(weighted(kCb, four, 128, 2));
      out.cr.push_back(weighted(kCr, four, 128, 2));
    }
  }
  return out;
}

}  // namespace pg
