// png_text.h: the orientation that programs keep in the text chunks of a PNG.
//
// ImageMagick and programs built on it store EXIF as "Raw profile type exif" or "... APP1": a name,
// a length and hexadecimal digits. Adobe's programs store XMP as "XML:com.adobe.xmp".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

struct PngNotes {
  std::vector<uint8_t> exif;  // a TIFF structure, perhaps after "Exif\0\0"; empty: none
  std::string xmp;            // empty: none
};

// Reads the first chunk of each name, up to a megabyte of text. Chunks must lie within the file;
// damaged texts are ignored, since they are not part of the image.
PngNotes read_png_notes(std::span<const uint8_t> png);

// The value of tiff:Orientation in an XMP packet; none if there is none or it is not 1 to 8.
std::optional<int> xmp_orientation(std::string_view xmp);

}  // namespace pg
