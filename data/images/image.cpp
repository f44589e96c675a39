// image.cpp: channel conversion and EXIF orientations.
#include "data/images/image.h"

#include <algorithm>

#include "kernels/error.h"

namespace pg {
namespace {

struct Rgba {
  int r, g, b, a;
};

Rgba read_pixel(const uint8_t* p, int64_t channels) {
  switch (channels) {
    case 1:
      return {p[0], p[0], p[0], 255};
    case 2:
      return {p[0], p[0], p[0], p[1]};
    case 3:
      return {p[0], p[1], p[2], 255};
    default:
      return {p[0], p[1], p[2], p[3]};
  }
}

uint8_t gray_of(const Rgba& p) {
  // The weights sum to 1000, so that r = g = b gives exactly that value.
  return static_cast<uint8_t>((299 * p.r + 587 * p.g + 114 * p.b + 500) / 1000);
}

Rgba over(const Rgba& p, Background under) {
  const auto mixed = [&](int v, int u) { return (v * p.a + u * (255 - p.a) + 127) / 255; };
  return {mixed(p.r, under.r), mixed(p.g, under.g), mixed(p.b, under.b), 255};
}

void write_pixel(uint8_t* out, int64_t channels, Rgba p, Background under) {
  const bool has_alpha = channels == 2 || channels == 4;
  if (!has_alpha) p = over(p, under);
  if (channels <= 2) {
    out[0] = gray_of(p);
  } else {
    out[0] = static_cast<uint8_t>(p.r);
    out[1] = static_cast<uint8_t>(p.g);
    out[2] = static_cast<uint8_t>(p.b);
  }
  if (has_alpha) out[channels - 1] = static_cast<uint8_t>(p.a);
}

// Index in the stored image, of extents h and w, of pixel (y, x) of the upright one.
int64_t stored_pixel(int orientation, int64_t y, int64_t x, int64_t h, int64_t w) {
  switch (orientation) {
    case 2:
      return y * w + (w - 1 - x);
    case 3:
      return (h - 1 - y) * w + (w - 1 - x);
    case 4:
      return (h - 1 - y) * w + x;
    case 5:
      return x * w + y;
    case 6:
      return (h - 1 - x) * w + y;
    case 7:
      return (h - 1 - x) * w + (w - 1 - y);
    case 8:
      return x * w + (w - 1 - y);
    default:
      return y * w + x;
  }
}

}  // namespace

Image new_image(int64_t height, int64_t width, int64_t channels, std::string_view name,
                int64_t working) {
  const int64_t bytes = height * width * channels;
  Image image{height, width, channels, {}};
  image.memory = std::make_shared<MemoryBudget::Share>(pixel_budget().take(bytes + working, name));
  image.pixels.resize(static_cast<size_t>(bytes));
  return image;
}

void convert_row(PixelRow from, int64_t count, int64_t channels, uint8_t* out,
                 Background background) {
  if (channels == from.channels) {
    std::copy_n(from.pixels, count * channels, out);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    write_pixel(out + i * channels, channels,
                read_pixel(from.pixels + i * from.channels, from.channels), background);
  }
}

Image convert_channels(const Image& image, int64_t channels, Background background) {
  PG_CHECK(channels >= 1 && channels <= 4, UsageError, "an image cannot have ", channels,
           " channels; expected 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha)");
  if (channels == image.channels) return image;
  Image out{image.height, image.width, channels, {}};
  const int64_t count = image.height * image.width;
  out.pixels.resize(static_cast<size_t>(count * channels));
  convert_row({image.pixels.data(), image.channels}, count, channels, out.pixels.data(),
              background);
  return out;
}

Image orient(const Image& image, int orientation) {
  PG_CHECK(orientation >= 1 && orientation <= 8, UsageError,
           "expected an EXIF orientation from 1 to 8, got ", orientation);
  if (orientation == 1) return image;
  const bool turned = orientation >= 5;
  Image out{
      turned ? image.width : image.height, turned ? image.height : image.width, image.channels, {}};
  out.pixels.resize(image.pixels.size());
  uint8_t* to = out.pixels.data();
  for (int64_t y = 0; y < out.height; ++y) {
    for (int64_t x = 0; x < out.width; ++x) {
      const uint8_t* from =
          image.pixels.data() +
          stored_pixel(orientation, y, x, image.height, image.width) * image.channels;
      for (int64_t c = 0; c < image.channels; ++c) *to++ = from[c];
    }
  }
  return out;
}

}  // namespace pg
