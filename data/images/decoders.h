// decoders.h: one decoder for each format, for decode.cpp alone.
//
// The libraries are C: their errors come by longjmp to a frame that owns nothing, and leave it as a
// FormatError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/images/image.h"

namespace pg {

// A file to be decoded. Its bytes begin as the format says.
struct Encoded {
  std::span<const uint8_t> bytes;
  const std::filesystem::path& name;
  int64_t max_pixels = kMaxPixels;

  // The errors of decode_image, in its words.
  [[noreturn]] void truncated() const;
  [[noreturn]] void damaged(const char* reason) const;
  void check_extents(int64_t width, int64_t height) const;
};

// The picture as the file holds it, not turned.
struct Decoded {
  Image image;
  std::vector<uint8_t> exif;  // the TIFF structure of a PNG or WebP, if any
};

Decoded decode_jpeg(const Encoded& file);  // turns are found by libexif in the file itself
Decoded decode_png(const Encoded& file);
Decoded decode_webp(const Encoded& file);
Decoded decode_bmp(const Encoded& file);

}  // namespace pg
