// decode.cpp: JPEG, PNG and BMP through stb_image, and the EXIF orientation through libexif.
//
// stb_image fills what a cut-off BMP lacks with black, and in some versions what a cut-off JPEG
// lacks with gray, instead of failing: that would teach a network stripes; hence the checks of
// their ends.
#include <libexif/exif-data.h>
#include <stb/stb_image.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <memory>
#include <string_view>

#include "data/files.h"
#include "data/image.h"
#include "kernels/error.h"

namespace pg {
namespace {

using Bytes = std::span<const uint8_t>;

bool starts_with(Bytes bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

bool is_jpeg(Bytes bytes) { return starts_with(bytes, "\xff\xd8\xff"); }
bool is_png(Bytes bytes) { return starts_with(bytes, "\x89PNG\r\n\x1a\n"); }
bool is_bmp(Bytes bytes) {
  // "BM" alone starts many a text; the size of the second header is one of five.
  constexpr std::array<uint8_t, 5> kHeaderSizes = {12, 40, 56, 108, 124};
  return starts_with(bytes, "BM") && bytes.size() >= 18 &&
         std::find(kHeaderSizes.begin(), kHeaderSizes.end(), bytes[14]) != kHeaderSizes.end() &&
         bytes[15] == 0 && bytes[16] == 0 && bytes[17] == 0;
}

int64_t little_endian(Bytes bytes, size_t offset, int count) {
  int64_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value * 256 + bytes[offset + static_cast<size_t>(i)];
  return value;
}

// Walks the segments to the first scan, then looks for the end-of-image marker: inside a scan each
// 0xFF is followed by zero or a restart marker, so the marker cannot occur there by accident.
bool has_jpeg_end(Bytes bytes) {
  size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (bytes[at] != 0xFF) return true;  // not a segment: leave the verdict to the decoder
    if (bytes[at + 1] == 0xFF) {         // fill byte
      ++at;
      continue;
    }
    const bool scan = bytes[at + 1] == 0xDA;
    at += 2 + static_cast<size_t>(bytes[at + 2] * 256 + bytes[at + 3]);
    if (scan) {
      const std::array<uint8_t, 2> end = {0xFF, 0xD9};
      return at < bytes.size() && std::search(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                              bytes.end(), end.begin(), end.end()) != bytes.end();
    }
  }
  return false;
}

bool has_bmp_end(Bytes bytes) {
  if (bytes.size() < 34) return false;
  const int64_t compression = bytes[14] >= 40 ? little_endian(bytes, 30, 4) : 0;
  if (bytes[14] < 40 || (compression != 0 && compression != 3)) return true;  // the decoder decides
  const int64_t width = little_endian(bytes, 18, 4);
  const int64_t height = std::abs(static_cast<int32_t>(little_endian(bytes, 22, 4)));
  const int64_t row = (width * little_endian(bytes, 28, 2) + 31) / 32 * 4;
  return width <= kMaxPixels &&
         little_endian(bytes, 10, 4) + row * height <= static_cast<int64_t>(bytes.size());
}

int exif_orientation(Bytes bytes) {
  const std::unique_ptr<ExifData, decltype(&exif_data_unref)> data(exif_data_new(),
                                                                   &exif_data_unref);
  if (data == nullptr) throw std::bad_alloc();
  exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
  exif_data_load_data(data.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int value = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return value >= 1 && value <= 8 ? value : 1;
}

// The picture as the file holds it. Throws FormatError with the decoder's reason.
Image load_pixels(Bytes bytes, const std::filesystem::path& name) {
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height,
                            &channels, 0),
      &stbi_image_free);
  PG_CHECK(pixels != nullptr, FormatError, name.string(),
           " cannot be decoded: ", stbi_failure_reason(), "; replace the file");
  Image image{height, width, channels, {}};
  image.pixels.assign(pixels.get(), pixels.get() + image.height * image.width * image.channels);
  return image;
}

// Refuses extents that would take too much memory before anything is decoded.
void check_extents(Bytes bytes, const std::filesystem::path& name) {
  int width = 0, height = 0, channels = 0;
  const int known = stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width,
                                          &height, &channels);
  if (known == 0) {
    load_pixels(bytes, name);  // knows the reason better
    throw FormatError(message(name.string(), " has a damaged header; replace the file"));
  }
  PG_CHECK(width > 0 && height > 0, FormatError, name.string(),
           " holds no pixels, its extents are ", width, "x", height, "; remove the file");
  PG_CHECK(int64_t{width} * height <= kMaxPixels, FormatError, name.string(), " is ", width, "x",
           height, ", more than the ", kMaxPixels, " pixels that are decoded; make it smaller");
}

}  // namespace

bool looks_like_image(std::span<const uint8_t> start) {
  return is_jpeg(start) || is_png(start) || is_bmp(start);
}

Image decode_image(std::span<const uint8_t> bytes, const std::filesystem::path& name) {
  PG_CHECK(!bytes.empty(), FormatError, name.string(), " is empty; remove the file");
  PG_CHECK(looks_like_image(bytes), FormatError, name.string(),
           " is not a JPEG, PNG or BMP image; convert or remove the file");
  PG_CHECK(bytes.size() <= INT_MAX, FormatError, name.string(),
           " is larger than 2 GiB; make the image smaller");
  check_extents(bytes, name);
  const bool complete =
      is_jpeg(bytes) ? has_jpeg_end(bytes) : (is_png(bytes) || has_bmp_end(bytes));
  PG_CHECK(complete, FormatError, name.string(),
           " ends too early, it is truncated; replace the file");

  Image image = load_pixels(bytes, name);
  const int orientation = is_jpeg(bytes) ? exif_orientation(bytes) : 1;
  return orientation == 1 ? image : orient(image, orientation);
}

Image decode_file(const std::filesystem::path& path) { return decode_image(read_file(path), path); }

}  // namespace pg
