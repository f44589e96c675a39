// resample.cpp: separable area and bilinear filters, the 2x2 box, and rounding.
#include "data/images/resample.h"

#include <algorithm>
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

// One row of the window, resampled to taps.size() pixels.
void resample_row(const Image& image, const Window& window, int64_t y,
                  const std::vector<Taps>& taps, float* out) {
  const int64_t channels = image.channels;
  for (const Taps& tap : taps) {
    for (int64_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (size_t k = 0; k < tap.weights.size(); ++k) {
        const int64_t x = window.x + tap.first + static_cast<int64_t>(k);
        if (x < 0 || x >= image.width) continue;
        sum += tap.weights[k] *
               image.pixels[static_cast<size_t>((y * image.width + x) * channels + c)];
      }
      *out++ = static_cast<float>(sum);
    }
  }
}

}  // namespace

FloatImage resample_square(const Image& image, int64_t size, Fit fit) {
  PG_CHECK(size >= 1, UsageError, "cannot resample to ", size, "x", size, "; choose 1 or more");
  PG_ASSERT(fit != Fit::automatic);
  const Window window = window_of(image, size, fit);
  const std::vector<Taps> columns = axis_taps(window.width, size);
  const std::vector<Taps> rows = axis_taps(window.height, size);
  FloatImage out{size, size, image.channels, {}};
  const int64_t row_size = size * image.channels;
  out.values.resize(static_cast<size_t>(size * row_size));

  // Neighbouring output rows share an input row, so the last one is kept; memory is two rows for
  // any height.
  std::vector<float> row(static_cast<size_t>(row_size));
  std::vector<double> sum(static_cast<size_t>(row_size));
  int64_t row_held = -1;
  for (int64_t y = 0; y < size; ++y) {
    const Taps& tap = rows[static_cast<size_t>(y)];
    std::fill(sum.begin(), sum.end(), 0.0);
    for (size_t k = 0; k < tap.weights.size(); ++k) {
      const int64_t from = window.y + tap.first + static_cast<int64_t>(k);
      if (from < 0 || from >= image.height) continue;
      if (from != row_held) resample_row(image, window, from, columns, row.data());
      row_held = from;
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += tap.weights[k] * row[i];
    }
    std::transform(sum.begin(), sum.end(), out.values.begin() + y * row_size,
                   [](double v) { return static_cast<float>(v); });
  }
  return out;
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
