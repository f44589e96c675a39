// image.h: 8-bit images in memory, their conversions, and decoding of JPEG, PNG, WebP and BMP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

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
};

// Largest image to decode, which bounds the memory a hostile file can take (12 bytes per pixel
// while a progressive CMYK JPEG is unpacked).
constexpr int64_t kMaxPixels = int64_t{1} << 27;
constexpr int64_t kMaxSide = 65536;

// Larger than any file of such an image: bounds the memory a damaged length can take.
constexpr int64_t kMostStoredBytes = 4 * kMaxPixels + (int64_t{1} << 20);

// The image with 1 to 4 `channels`. Colour to gray: 0.299 R + 0.587 G + 0.114 B. Gray to colour:
// repeated. Removed alpha: composited over black (value * alpha / 255). Added alpha: 255. Results
// are rounded to nearest. Throws UsageError for another number of channels.
Image convert_channels(const Image& image, int64_t channels);

// Applies an EXIF orientation 1..8: rotates and mirrors the stored image upright. Throws UsageError
// for other values.
Image orient(const Image& image, int orientation);

// Decodes a JPEG, PNG, WebP or BMP, recognised by content; `name` is for messages. Keeps the
// channels of the file: palettes are resolved, 16-bit samples keep their upper byte, CMYK and YCCK
// become R = (255 - C) (255 - K) / 255 and so on (also from Adobe's inverted values; colour
// profiles are not applied). Animations yield their first frame. The EXIF orientation is applied.
// Throws FormatError for other formats, damage (inconsistent data, wrong checksums), truncation,
// images without pixels, a side above kMaxSide or more than `max_pixels`; extents are checked
// before memory for pixels is allocated.
Image decode_image(std::span<const uint8_t> bytes, const std::filesystem::path& name,
                   int64_t max_pixels = kMaxPixels);

// decode_image of a file. Throws IoError if it cannot be read, FormatError as above.
Image decode_file(const std::filesystem::path& path);

// The format recognised from the first bytes; raw: none of the others.
Format format_of(std::span<const uint8_t> start);
inline bool looks_like_image(std::span<const uint8_t> start) {
  return format_of(start) != Format::raw;
}

const char* name_of(Format format);  // "raw", "JPEG", "PNG", "WebP", "BMP"

}  // namespace pg
