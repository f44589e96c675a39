// resample.cpp: separable area and bilinear filters, the 2x2 box, and rounding.
#include "data/images/resample.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "kernels/error.h"

namespace pg {
namespace {

// The samples of the input axis that make one output sample: weights of first, first + 1, ...
struct Taps {
  int64_t first = 0;
  std::vector<double> weights;
};

Taps area_taps(int64_t i, double scale, int64_t from) {
  const double begin = static_cast<double>(i) * scale, end = static_cast<double>(i + 1) * scale;
  Taps taps{static_cast<int64_t>(begin), {}};
  for (int64_t j = taps.first; j < from && static_cast<double>(j) < end; ++j) {
    const double covered =
        std::min(end, static_cast<double>(j + 1)) - std::max(begin, static_cast<double>(j));
    taps.weights.push_back(std::max(covered, 0.0) / scale);
  }
  return taps;
}

Taps bilinear_taps(int64_t i, double scale, int64_t from) {
  const double centre =
      std::clamp((static_cast<double>(i) + 0.5) * scale - 0.5, 0.0, static_cast<double>(from - 1));
  const int64_t first = std::min(static_cast<int64_t>(centre), from - 1);
  const double t = centre - static_cast<double>(first);
  if (first + 1 >= from) return {first, {1.0}};
  return {first, {1.0 - t, t}};
}

std::vector<Taps> axis_taps(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  std::vector<Taps> taps;
  taps.reserve(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    taps.push_back(to < from ? area_taps(i, scale, from) : bilinear_taps(i, scale, from));
  }
  return taps;
}

// A rectangle of the image; parts outside it read as zero, which implements padding.
struct Window {
  int64_t y, x, height, width;
};

Window window_of(const Image& image, int64_t size, Fit fit) {
  const int64_t h = image.height, w = image.width;
  if (fit == Fit::stretch) return {0, 0, h, w};
  int64_t side = std::min(h, w);
  if (fit == Fit::pad) {
    side = std::max(h, w);
    if (size >= side) side = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(side)));
    return {-((side - h) / 2), -((side - w) / 2), side, side};
  }
  return {(h - side) / 2, (w - side) / 2, side, side};
}

// The background in as many channels as an image has.
std::array<uint8_t, 4> beside(Background b, int64_t channels) {
  const std::array<uint8_t, 3> rgb{b.r, b.g, b.b};
  std::array<uint8_t, 4> pixel{};
  if (channels % 2 == 1) convert_row({rgb.data(), 3}, 1, channels, pixel.data());
  return pixel;
}

// One row of an image of `width` pixels, resampled to taps.size() pixels from `left` on.
void resample_row(PixelRow row, int64_t width, int64_t left, const std::vector<Taps>& taps,
                  const std::array<uint8_t, 4>& outside, float* out) {
  const int64_t channels = row.channels;
  for (const Taps& tap : taps) {
    for (int64_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (size_t k = 0; k < tap.weights.size(); ++k) {
        const int64_t x = left + tap.first + static_cast<int64_t>(k);
        const bool inside = x >= 0 && x < width;
        sum += tap.weights[k] *
               (inside ? row.pixels[x * channels + c] : outside[static_cast<size_t>(c)]);
      }
      *out++ = static_cast<float>(sum);
    }
  }
}

}  // namespace

FloatImage resample_square(const Image& image, int64_t size, Fit fit, int64_t channels,
                           Background background) {
  PG_CHECK(size >= 1, UsageError, "cannot resample to ", size, "x", size, "; choose 1 or more");
  PG_ASSERT(fit != Fit::automatic);
  const Window window = window_of(image, size, fit);
  const std::vector<Taps> columns = axis_taps(window.width, size);
  const std::vector<Taps> rows = axis_taps(window.height, size);
  if (channels == 0) channels = image.channels;
  const std::array<uint8_t, 4> outside = beside(background, channels);
  FloatImage out{size, size, channels, {}};
  const int64_t row_size = size * channels;
  out.values.resize(static_cast<size_t>(size * row_size));

  // Neighbouring output rows share an input row, so the last one is kept; memory is two rows for
  // any height.
  std::vector<float> row(static_cast<size_t>(row_size));
  std::vector<double> sum(static_cast<size_t>(row_size));
  std::vector<uint8_t> converted;
  const auto row_of = [&](int64_t y) -> PixelRow {
    const PixelRow stored{image.pixels.data() + y * image.width * image.channels, image.channels};
    if (channels == image.channels) return stored;
    converted.resize(static_cast<size_t>(image.width * channels));
    convert_row(stored, image.width, channels, converted.data(), background);
    return {converted.data(), channels};
  };
  int64_t row_held = -1;
  for (int64_t y = 0; y < size; ++y) {
    const Taps& tap = rows[static_cast<size_t>(y)];
    std::fill(sum.begin(), sum.end(), 0.0);
    for (size_t k = 0; k < tap.weights.size(); ++k) {
      const int64_t from = window.y + tap.first + static_cast<int64_t>(k);
      if (from < 0 || from >= image.height) {
        for (size_t i = 0; i < sum.size(); ++i) {
          sum[i] += tap.weights[k] * outside[i % static_cast<size_t>(channels)];
        }
        continue;
      }
      if (from != row_held) {
        resample_row(row_of(from), image.width, window.x, columns, outside, row.data());
      }
      row_held = from;
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += tap.weights[k] * row[i];
    }
    std::transform(sum.begin(), sum.end(), out.values.begin() + y * row_size,
                   [](double v) { return static_cast<float>(v); });
  }
  return out;
}

bool halves_exactly(const Image& image, int64_t size, Fit fit) {
  constexpr int64_t kLargest = 1024;
  const auto halves = [&](int64_t side) {
    return side % size == 0 && side <= kLargest &&
           std::has_single_bit(static_cast<uint64_t>(side / size));
  };
  // The window of Fit::pad depends on the size, unless the longer side is a power of two.
  const Window window = window_of(image, size, fit);
  const bool same = fit != Fit::pad || window.height == std::max(image.height, image.width);
  return same && halves(window.height) && halves(window.width);
}

FloatImage box_down(const FloatImage& image) {
  PG_ASSERT(image.height % 2 == 0 && image.width % 2 == 0);
  const int64_t channels = image.channels, row = image.width * channels;
  FloatImage out{image.height / 2, image.width / 2, channels, {}};
  out.values.reserve(image.values.size() / 4);
  for (int64_t y = 0; y < out.height; ++y) {
    for (int64_t x = 0; x < out.width; ++x) {
      for (int64_t c = 0; c < channels; ++c) {
        const float* p = image.values.data() + 2 * y * row + 2 * x * channels + c;
        out.values.push_back(((p[0] + p[channels]) + (p[row] + p[row + channels])) * 0.25f);
      }
    }
  }
  return out;
}

void append_rounded(const FloatImage& image, std::vector<uint8_t>& out) {
  out.reserve(out.size() + image.values.size());
  for (const float value : image.values) {
    // nearbyint rounds half to even in the default rounding mode.
    out.push_back(static_cast<uint8_t>(std::clamp(std::nearbyint(value), 0.0f, 255.0f)));
  }
}

}  // namespace pg
