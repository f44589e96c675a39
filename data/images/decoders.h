// decoders.h: one decoder per format, used only by decode.cpp.
//
// The C libraries report errors by longjmp to a frame that owns nothing, which throws FormatError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/images/image.h"

namespace pg {

// A file to decode, whose first bytes have been recognised.
struct Encoded {
  std::span<const uint8_t> bytes;
  const std::filesystem::path& name;
  int64_t max_pixels = kMaxPixels;

  // Throw the FormatErrors of decode_image.
  [[noreturn]] void truncated() const;
  [[noreturn]] void damaged(const char* reason) const;
  [[noreturn]] void unsupported(const char* feature) const;
  void check_extents(int64_t width, int64_t height) const;

  // new_image with room for `working` bytes of the decoder, or for the image turned upright after
  // that, and for some rows.
  Image take_image(int64_t height, int64_t width, int64_t channels, int64_t working) const;
};

// The image as stored, before its EXIF orientation is applied.
struct Decoded {
  Image image;
  std::vector<uint8_t> exif;  // the TIFF structure of a PNG or WebP, if any
  std::string xmp = {};       // consulted if that has no orientation
};

Decoded decode_jpeg(const Encoded& file);  // libexif finds the orientation in the file itself
Decoded decode_png(const Encoded& file);
Decoded decode_webp(const Encoded& file);
Decoded decode_bmp(const Encoded& file);

}  // namespace pg
