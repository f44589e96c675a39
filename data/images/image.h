// image.h: 8-bit images in memory, their conversions, and decoding of JPEG, PNG, WebP and BMP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "data/files/memory_budget.h"
#include "data/images/background.h"

namespace pg {

// raw: not from an image file (idx, CIFAR-10, arrays, generated).
enum class Format { raw, jpeg, png, webp, bmp };
enum class Colours { gray, rgb, palette, cmyk };

// How the image was stored, for reports on whole sets; its pixels do not depend on it.
struct StoredAs {
  Format format = Format::raw;
  Colours colours = Colours::rgb;
  int bits = 8;         // per sample, or per palette index
  int orientation = 1;  // EXIF, 1 to 8; already applied
  int64_t frames = 1;   // of an animation; the image is its first
};

// Interleaved rows: pixels[(y * width + x) * channels + c]. Channels: 1 gray, 2 gray + alpha, 3
// RGB, 4 RGB + alpha.
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;
  StoredAs stored = {};
  // The lower bytes of samples of 16 bits, whose upper bytes are `pixels`; else empty.
  std::vector<uint8_t> lower = {};
  // Of the pixels in pixel_budget(), for images read from files; given back with the last copy.
  std::shared_ptr<MemoryBudget::Share> memory = {};
};

// An image whose pixels are still to be filled in, once pixel_budget() has room for them and for
// `working` bytes beside them. Throws FormatError, which names `name`, if that can never be.
Image new_image(int64_t height, int64_t width, int64_t channels, std::string_view name,
                int64_t working = 0);

// Largest image to decode.
constexpr int64_t kMaxPixels = int64_t{1} << 27;
constexpr int64_t kMaxSide = 65536;

// Larger than any file of such an image.
constexpr int64_t kMostStoredBytes = 4 * kMaxPixels + (int64_t{1} << 20);

// The image with 1 to 4 `channels`. Colour to gray: 0.299 R + 0.587 G + 0.114 B. Gray to colour:
// repeated. Removed alpha: composited over the background ((value * alpha + background * (255 -
// alpha)) / 255). Added alpha: 255. Results are rounded to nearest. Throws UsageError for another
// number of channels.
Image convert_channels(const Image& image, int64_t channels, Background background = {});

// The same for `count` pixels in a row.
struct PixelRow {
  const uint8_t* pixels;
  int64_t channels;
};
void convert_row(PixelRow from, int64_t count, int64_t channels, uint8_t* out,
                 Background background = {});

// Applies an EXIF orientation 1..8: rotates and mirrors the stored image upright. Throws UsageError
// for other values.
Image orient(const Image& image, int orientation);

// Decodes a JPEG, PNG, WebP or BMP, recognised by content; `name` is for messages. Keeps the
// channels of the file: palettes are resolved, 16-bit samples are split into upper and lower bytes,
// CMYK and YCCK become R = (255 - C) (255 - K) / 255 and so on (also from Adobe's inverted values;
// colour profiles are not applied). Animations yield their first frame. The EXIF orientation is
// applied; in PNG and WebP, also one in XMP, and in the text chunks of a PNG. Throws FormatError
// for other formats, damage (inconsistent data, wrong checksums), truncation, images without
// pixels, a side above kMaxSide or more than `max_pixels`, or images that need more memory than
// pixel_budget() has. Extents are checked, and the memory is taken from the budget, before anything
// is allocated.
Image decode_image(std::span<const uint8_t> bytes, const std::filesystem::path& name,
                   int64_t max_pixels = kMaxPixels);

// decode_image of a file, whose bytes are taken from file_budget(). Files of other formats and
// those larger than an image can be are not read. Throws IoError if the file cannot be read,
// FormatError as above.
Image decode_file(const std::filesystem::path& path);

// The format recognised from the first bytes; raw: none of the others.
Format format_of(std::span<const uint8_t> start);
inline bool looks_like_image(std::span<const uint8_t> start) {
  return format_of(start) != Format::raw;
}

const char* name_of(Format format);  // "raw", "JPEG", "PNG", "WebP", "BMP"

}  // namespace pg
