// fingerprint.cpp: both reductions start from 72 x 72, which 8 and 9 divide.
#include "data/images/fingerprint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "data/images/resample.h"

namespace pg {
namespace {

constexpr int64_t kSide = 72;

class Hash {
 public:
  void add(uint64_t word) {
    state_ = (state_ ^ word) * 0x9E3779B97F4A7C15u;
    state_ ^= state_ >> 32;
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0x243F6A8885A308D3u;
};

uint64_t pixel_hash(const Image& image) {
  Hash hash;
  for (const int64_t extent : {image.height, image.width, image.channels}) {
    hash.add(static_cast<uint64_t>(extent));
  }
  const size_t size = image.pixels.size();
  uint64_t word = 0;
  for (size_t i = 0; i + sizeof word <= size; i += sizeof word) {
    std::memcpy(&word, image.pixels.data() + i, sizeof word);
    hash.add(word);
  }
  word = 0;
  std::memcpy(&word, image.pixels.data() + size / sizeof word * sizeof word, size % sizeof word);
  hash.add(word);
  return hash.value();
}

// The mean of channel c over part (row, column) of rows x columns parts.
double part_mean(const FloatImage& image, int64_t rows, int64_t columns, int64_t row,
                 int64_t column, int64_t c) {
  const int64_t height = kSide / rows, width = kSide / columns;
  double sum = 0;
  for (int64_t y = row * height; y < (row + 1) * height; ++y) {
    for (int64_t x = column * width; x < (column + 1) * width; ++x) {
      sum += image.values[static_cast<size_t>((y * kSide + x) * 3 + c)];
    }
  }
  return sum / static_cast<double>(height * width);
}

// Noise in flat areas, which are common in images, must not set bits.
uint64_t gradient_bits(const FloatImage& image) {
  constexpr double kNoise = 1.0;
  uint64_t bits = 0;
  for (int64_t y = 0; y < 8; ++y) {
    double before = 0;
    for (int64_t x = 0; x < 9; ++x) {
      const double gray = 0.299 * part_mean(image, 8, 9, y, x, 0) +
                          0.587 * part_mean(image, 8, 9, y, x, 1) +
                          0.114 * part_mean(image, 8, 9, y, x, 2);
      if (x > 0 && gray > before + kNoise) bits |= uint64_t{1} << (8 * y + x - 1);
      before = gray;
    }
  }
  return bits;
}

bool is_single_colour(const Image& image) {
  constexpr int kNoise = 4;
  const bool has_alpha = image.channels == 2 || image.channels == 4;
  const int64_t channels = has_alpha ? image.channels - 1 : image.channels;
  std::vector<uint8_t> row(static_cast<size_t>(image.width * channels));
  std::array<int, 4> least = {255, 255, 255, 255}, most = {};
  for (int64_t y = 0; y < image.height; ++y) {
    convert_row({image.pixels.data() + y * image.width * image.channels, image.channels},
                image.width, channels, row.data());
    for (size_t i = 0; i < row.size(); ++i) {
      const size_t c = i % static_cast<size_t>(channels);
      least[c] = std::min<int>(least[c], row[i]);
      most[c] = std::max<int>(most[c], row[i]);
      if (most[c] - least[c] > kNoise) return false;
    }
  }
  return true;
}

}  // namespace

Fingerprint fingerprint_of(const Image& image) {
  Fingerprint result;
  result.single_colour = is_single_colour(image);
  result.pixels = pixel_hash(image);
  const FloatImage small = resample_square(image, kSide, Fit::stretch, 3);
  result.gradient = gradient_bits(small);
  size_t i = 0;
  for (int64_t y = 0; y < kThumbnailSide; ++y) {
    for (int64_t x = 0; x < kThumbnailSide; ++x) {
      for (int64_t c = 0; c < 3; ++c) {
        const double mean = part_mean(small, kThumbnailSide, kThumbnailSide, y, x, c);
        result.thumbnail[i++] = static_cast<uint8_t>(std::clamp(std::round(mean), 0.0, 255.0));
      }
    }
  }
  return result;
}

}  // namespace pg
