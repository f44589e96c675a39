// decode.cpp: recognises formats, enforces limits and applies the orientation (libexif).
#include <libexif/exif-data.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "data/files/read_file.h"
#include "data/images/decoders.h"
#include "data/images/png_text.h"
#include "kernels/error.h"

namespace pg {
namespace {

using Bytes = std::span<const uint8_t>;

bool has_at(Bytes bytes, size_t offset, std::string_view magic) {
  return bytes.size() >= offset + magic.size() &&
         std::memcmp(bytes.data() + offset, magic.data(), magic.size()) == 0;
}

bool is_bmp(Bytes bytes) {
  // Text files may start with "BM", too; the second header has one of five sizes.
  constexpr std::array<uint8_t, 5> kHeaderSizes = {12, 40, 56, 108, 124};
  return has_at(bytes, 0, "BM") && bytes.size() >= 18 &&
         std::find(kHeaderSizes.begin(), kHeaderSizes.end(), bytes[14]) != kHeaderSizes.end() &&
         bytes[15] == 0 && bytes[16] == 0 && bytes[17] == 0;
}

// The name of a recognised but unsupported format.
const char* foreign_format(Bytes bytes) {
  if (has_at(bytes, 0, "GIF8")) return "a GIF";
  if (has_at(bytes, 0, std::string_view("II*\0", 4)) ||
      has_at(bytes, 0, std::string_view("MM\0*", 4))) {
    return "a TIFF";
  }
  if (has_at(bytes, 4, "ftypavif")) return "an AVIF";
  if (has_at(bytes, 4, "ftypheic") || has_at(bytes, 4, "ftypmif1")) return "a HEIC";
  if (has_at(bytes, 4, "jP  ")) return "a JPEG 2000";
  if (has_at(bytes, 0, "\xff\x0a") || has_at(bytes, 4, "JXL ")) return "a JPEG XL";
  if (has_at(bytes, 0, "8BPS")) return "a Photoshop";
  return nullptr;
}

// The orientation in `bytes`: a JPEG file, or "Exif\0\0" and a TIFF structure. None if there is no
// such entry.
std::optional<int> exif_orientation(Bytes bytes) {
  const std::unique_ptr<ExifData, decltype(&exif_data_unref)> data(exif_data_new(),
                                                                   &exif_data_unref);
  if (data == nullptr) throw std::bad_alloc();
  exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
  exif_data_load_data(data.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (entry == nullptr) return std::nullopt;
  if (entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int value = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return value >= 1 && value <= 8 ? value : 1;
}

// Some WebP writers put the prefix of JPEG's EXIF segment in front of the structure.
std::optional<int> tiff_orientation(std::vector<uint8_t> tiff) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (tiff.empty()) return std::nullopt;
  if (!has_at(tiff, 0, kPrefix)) tiff.insert(tiff.begin(), kPrefix.begin(), kPrefix.end());
  return exif_orientation(tiff);
}

int orientation_of(Format format, Bytes bytes, Decoded& decoded) {
  if (format == Format::jpeg) return exif_orientation(bytes).value_or(1);
  const std::optional<int> exif = tiff_orientation(std::move(decoded.exif));
  return exif ? *exif : xmp_orientation(decoded.xmp).value_or(1);
}

Decoded decode(Format format, const Encoded& file) {
  switch (format) {
    case Format::jpeg:
      return decode_jpeg(file);
    case Format::png:
      return decode_png(file);
    case Format::webp:
      return decode_webp(file);
    default:
      return decode_bmp(file);
  }
}

}  // namespace

void Encoded::truncated() const {
  throw FormatError(
      message(name.string(), " is a truncated ", name_of(format_of(bytes)), "; replace the file"));
}

void Encoded::damaged(const char* reason) const {
  throw FormatError(message(name.string(), " is a damaged ", name_of(format_of(bytes)), " (",
                            reason, "); replace the file"));
}

void Encoded::unsupported(const char* feature) const {
  throw FormatError(message(name.string(), " is a ", name_of(format_of(bytes)), " with ", feature,
                            ", which is not supported; convert it to PNG"));
}

void Encoded::check_extents(int64_t width, int64_t height) const {
  PG_CHECK(width > 0 && height > 0, FormatError, name.string(), " has no pixels (", width, "x",
           height, "); remove the file");
  PG_CHECK(width <= kMaxSide && height <= kMaxSide && width * height <= max_pixels, FormatError,
           name.string(), " is ", width, "x", height, ", more than the limit of ", max_pixels,
           " pixels and ", kMaxSide, " per side; make it smaller");
}

Image Encoded::take_image(int64_t height, int64_t width, int64_t channels, int64_t working) const {
  constexpr int64_t kBase = 64 << 10, kPerColumn = 256;
  const int64_t turned = height * width * channels;
  return new_image(height, width, channels, name.string(),
                   std::max(working, turned) + width * kPerColumn + kBase);
}

const char* name_of(Format format) {
  switch (format) {
    case Format::raw:
      return "raw";
    case Format::jpeg:
      return "JPEG";
    case Format::png:
      return "PNG";
    case Format::webp:
      return "WebP";
    case Format::bmp:
      return "BMP";
  }
  return "?";
}

Format format_of(std::span<const uint8_t> start) {
  if (has_at(start, 0, "\xff\xd8\xff")) return Format::jpeg;
  if (has_at(start, 0, "\x89PNG\r\n\x1a\n")) return Format::png;
  if (has_at(start, 0, "RIFF") && has_at(start, 8, "WEBP")) return Format::webp;
  return is_bmp(start) ? Format::bmp : Format::raw;
}

Image decode_image(std::span<const uint8_t> bytes, const std::filesystem::path& name,
                   int64_t max_pixels) {
  PG_CHECK(!bytes.empty(), FormatError, name.string(), " is empty; remove the file");
  const Format format = format_of(bytes);
  const char* foreign = foreign_format(bytes);
  PG_CHECK(format != Format::raw || foreign == nullptr, FormatError, name.string(), " is ", foreign,
           " image, which is not supported; convert it to PNG or remove it");
  PG_CHECK(format != Format::raw, FormatError, name.string(),
           " is not a JPEG, PNG, WebP or BMP image; convert or remove it");
  PG_CHECK(bytes.size() <= INT_MAX, FormatError, name.string(),
           " is larger than 2 GiB; make the image smaller");

  Decoded decoded = decode(format, {bytes, name, max_pixels});
  StoredAs stored = decoded.image.stored;
  stored.format = format;
  stored.orientation = orientation_of(format, bytes, decoded);
  const std::shared_ptr<MemoryBudget::Share> memory = std::move(decoded.image.memory);
  Image image = stored.orientation == 1 ? std::move(decoded.image)
                                        : orient(decoded.image, stored.orientation);
  if (!decoded.image.lower.empty()) {  // turned in the same manner
    decoded.image.pixels = std::move(decoded.image.lower);
    image.lower = orient(decoded.image, stored.orientation).pixels;
  }
  image.stored = stored;
  decoded = {};  // before its memory is given back
  memory->keep_only(static_cast<int64_t>(image.pixels.size() + image.lower.size()));
  image.memory = memory;
  return image;
}

Image decode_file(const std::filesystem::path& path) {
  constexpr int64_t kStart = 32;
  const std::vector<uint8_t> start = read_file_start(path, kStart);
  if (!looks_like_image(start)) return decode_image(start, path);  // throws the reason
  const ReadFile file(path);
  PG_CHECK(file.size() <= kMostStoredBytes, FormatError, path.string(), " has ", file.size(),
           " bytes: it is too large to be an image of at most ", kMaxPixels,
           " pixels; replace the file");
  const MemoryBudget::Share share = file_budget().take(file.size(), path.string());
  std::vector<uint8_t> bytes(static_cast<size_t>(file.size()));
  file.read(0, bytes);
  return decode_image(bytes, path);
}

}  // namespace pg
