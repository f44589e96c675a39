// value_range.cpp: extremes of samples, and a table from samples to bytes.
#include "data/images/value_range.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg {
namespace {

int64_t colours_of(const Image& image) { return image.channels <= 2 ? 1 : 3; }

int sample(const Image& image, size_t i) {
  return image.lower.empty() ? image.pixels[i] : image.pixels[i] << 8 | image.lower[i];
}

}  // namespace

ValueRange parse_range(std::string_view text, std::string_view what) {
  if (text == "full") return {};
  if (text == "auto") return {.kind = ValueRange::Kind::automatic};
  ValueRange range{.kind = ValueRange::Kind::given};
  const char* end = text.data() + text.size();
  const auto low = std::from_chars(text.data(), end, range.low);
  const bool dash = low.ec == std::errc() && low.ptr != end && *low.ptr == '-';
  const auto high = std::from_chars(dash ? low.ptr + 1 : end, end, range.high);
  PG_CHECK(dash && high.ec == std::errc() && high.ptr == end && range.low >= 0 &&
               range.high > range.low && range.high <= 65535,
           UsageError, what, ": expected full, auto or LOW-HIGH such as 0-4095, got '", shown(text),
           "'");
  return range;
}

std::string text_of(const ValueRange& range) {
  if (range.kind == ValueRange::Kind::full) return "full";
  if (range.kind == ValueRange::Kind::automatic) return "auto";
  return message(range.low, '-', range.high);
}

ImageValues values_of(const Image& image) {
  ImageValues values{.low = 65535, .most = image.lower.empty() ? 255 : 65535, .gray = true};
  const int64_t colours = colours_of(image);
  const bool alpha = image.channels != colours;
  std::array<int, 3> low{65535, 65535, 65535}, high{};
  const size_t channels = static_cast<size_t>(image.channels);
  for (size_t at = 0; at + channels <= image.pixels.size(); at += channels) {
    std::array<int, 3> s{};
    for (size_t c = 0; c < static_cast<size_t>(colours); ++c) {
      s[c] = sample(image, at + c);
      low[c] = std::min(low[c], s[c]);
      high[c] = std::max(high[c], s[c]);
    }
    if (colours == 3) values.gray &= s[0] == s[1] && s[1] == s[2];
    if (alpha) values.transparent |= image.pixels[at + channels - 1] != 255;
  }
  values.single_colour = true;
  for (size_t c = 0; c < static_cast<size_t>(colours); ++c) {
    values.low = std::min(values.low, low[c]);
    values.high = std::max(values.high, high[c]);
    values.single_colour &= low[c] == high[c];
  }
  return values;
}

void apply_range(Image& image, const ValueRange& range) {
  PG_ASSERT(range.kind != ValueRange::Kind::automatic);
  if (range.kind == ValueRange::Kind::full) return;
  const int64_t width = range.high - range.low;
  std::vector<uint8_t> bytes(image.lower.empty() ? 256 : 65536);
  for (size_t s = 0; s < bytes.size(); ++s) {
    const int64_t above = std::clamp<int64_t>(static_cast<int64_t>(s) - range.low, 0, width);
    bytes[s] = static_cast<uint8_t>((above * 255 * 2 + width) / (2 * width));
  }
  const size_t channels = static_cast<size_t>(image.channels);
  const size_t colours = static_cast<size_t>(colours_of(image));
  for (size_t at = 0; at + channels <= image.pixels.size(); at += channels) {
    for (size_t c = 0; c < colours; ++c) {
      image.pixels[at + c] = bytes[static_cast<size_t>(sample(image, at + c))];
    }
  }
  image.lower.clear();
}

}  // namespace pg
