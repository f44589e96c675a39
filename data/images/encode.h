// encode.h: images as PNG, JPEG and WebP files, each with a mark of this program (own_file.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/files/output_path.h"
#include "data/images/image.h"

namespace pg {

struct Encoding {
  Format format = Format::png;  // png, jpeg or webp
  // 1 to 100 for JPEG and WebP; 0: 95 for JPEG, no loss for WebP. JPEG keeps the full resolution of
  // colours (4:4:4).
  int quality = 0;
};

// The bytes of the file, the same for the same pixels. Throws UsageError as check_encoding does,
// with the name `to`; IoError if a library fails. Any number of threads may call it.
std::vector<uint8_t> encode_image(const std::filesystem::path& to, const Image& image,
                                  const Encoding& encoding);

// Throws UsageError for an image that the format cannot hold: without pixels, too large, or with
// alpha in a JPEG.
void check_encoding(const std::filesystem::path& to, int64_t height, int64_t width,
                    int64_t channels, const Encoding& encoding);

// The file appears complete or not at all. Throws as above and IoError.
void write_image(const OutputPath& to, const Image& image, const Encoding& encoding);

// Of each format, used by encode_image.
std::vector<uint8_t> encode_jpeg(const std::filesystem::path& to, const Image& image, int quality);
std::vector<uint8_t> encode_webp(const std::filesystem::path& to, const Image& image, int quality);

}  // namespace pg
