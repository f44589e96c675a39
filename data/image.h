// image.h: 8-bit pictures in memory, their conversions, and decoding of JPEG, PNG and BMP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace pg {

// Interleaved rows: pixels[(y * width + x) * channels + c]. Channels: 1 gray, 2 gray + alpha, 3
// RGB, 4 RGB + alpha.
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;
};

// Largest number of pixels that decode_file accepts: a bound on what a hostile file can allocate.
constexpr int64_t kMaxPixels = int64_t{1} << 27;

// The picture with 1 to 4 `channels`. Colour to gray: 0.299 R + 0.587 G + 0.114 B. Gray to colour:
// repeated. Alpha away: composited over black (value * alpha / 255). New alpha: 255. Each result is
// rounded to nearest. Throws UsageError for another number of channels.
Image convert_channels(const Image& image, int64_t channels);

// Undoes an EXIF orientation 1..8 (what `image` shows is turned as the tag says). Throws UsageError
// for other values.
Image orient(const Image& image, int orientation);

// Decodes a JPEG, PNG or BMP by its content; `name` only serves messages. Keeps the channels of the
// file: palettes are resolved, 16-bit samples keep their upper byte, CMYK becomes RGB. The EXIF
// orientation of a JPEG is applied. Throws FormatError: not one of the formats, damaged, truncated,
// without pixels, or more than kMaxPixels.
Image decode_image(std::span<const uint8_t> bytes, const std::filesystem::path& name);

// decode_image of a file. Throws IoError when it cannot be read, FormatError as above.
Image decode_file(const std::filesystem::path& path);

// Whether the bytes start like a JPEG, PNG or BMP.
bool looks_like_image(std::span<const uint8_t> start);

}  // namespace pg
