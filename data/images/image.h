// image.h: 8-bit pictures in memory, their conversions, and decoding of JPEG, PNG, WebP and BMP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace pg {

// raw: no picture file of its own (idx, CIFAR-10, arrays, generated).
enum class Format { raw, jpeg, png, webp, bmp };
enum class Colours { gray, rgb, palette, cmyk };

// How a file held its picture, for those who look at sets as a whole; pixels do not depend on it.
struct StoredAs {
  Format format = Format::raw;
  Colours colours = Colours::rgb;
  int bits = 8;         // of a sample (of a palette's index)
  int orientation = 1;  // of EXIF, 1 to 8; undone already
  int64_t frames = 1;   // of an animation, whose first one the picture is
};

// Interleaved rows: pixels[(y * width + x) * channels + c]. Channels: 1 gray, 2 gray + alpha, 3
// RGB, 4 RGB + alpha.
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;
  StoredAs stored = {};
};

// Largest picture that is decoded: a bound on what a hostile file can allocate (at most 12 bytes a
// pixel while a progressive CMYK JPEG is unpacked).
constexpr int64_t kMaxPixels = int64_t{1} << 27;
constexpr int64_t kMaxSide = 65536;

// More than a file of such a picture can need: a bound on what a damaged length can allocate.
constexpr int64_t kMostStoredBytes = 4 * kMaxPixels + (int64_t{1} << 20);

// The picture with 1 to 4 `channels`. Colour to gray: 0.299 R + 0.587 G + 0.114 B. Gray to colour:
// repeated. Alpha away: composited over black (value * alpha / 255). New alpha: 255. Each result is
// rounded to nearest. Throws UsageError for another number of channels.
Image convert_channels(const Image& image, int64_t channels);

// Undoes an EXIF orientation 1..8 (what `image` shows is turned as the tag says). Throws UsageError
// for other values.
Image orient(const Image& image, int orientation);

// Decodes a JPEG, PNG, WebP or BMP by its content; `name` only serves messages. Keeps the channels
// of the file: palettes are resolved, 16-bit samples keep their upper byte, CMYK and YCCK become
// R = (255 - C) (255 - K) / 255 and so on (Adobe's, which hold inverted values, too; profiles are
// not applied). Animations give their first frame. The EXIF orientation is applied. Throws
// FormatError: not one of the formats, damaged (data that does not add up, wrong checksums),
// truncated, without pixels, a side of more than kMaxSide or more than `max_pixels`; no memory is
// taken for pixels before the extents are known to be allowed.
Image decode_image(std::span<const uint8_t> bytes, const std::filesystem::path& name,
                   int64_t max_pixels = kMaxPixels);

// decode_image of a file. Throws IoError when it cannot be read, FormatError as above.
Image decode_file(const std::filesystem::path& path);

// What the bytes start like; raw: none of the others.
Format format_of(std::span<const uint8_t> start);
inline bool looks_like_image(std::span<const uint8_t> start) {
  return format_of(start) != Format::raw;
}

const char* name_of(Format format);  // "raw", "JPEG", "PNG", "WebP", "BMP"

}  // namespace pg
