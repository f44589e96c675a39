// decode_bmp.cpp: uncompressed BMP: palettes of 1, 4 and 8 bits; 16, 24 and 32 bits with or without
// masks.
#include <array>
#include <bit>
#include <cstdlib>

#include "data/images/decoders.h"

namespace pg {
namespace {

enum Compression { kNone = 0, kMasks = 3, kMasksWithAlpha = 6 };

// The fields of the two headers; offsets count from the start of the file.
struct Header {
  int64_t width = 0, height = 0;
  bool bottom_up = true;
  int bits = 0;  // per pixel
  size_t palette_at = 0, palette_entry = 4, palette_count = 0;
  size_t pixels_at = 0;
  std::array<uint32_t, 4> masks = {};  // red, green, blue, alpha; alpha may be 0
};

class Reader {
 public:
  explicit Reader(const Encoded& file) : file_(file) {}

  uint32_t number(size_t at, size_t bytes) const {
    if (at + bytes > file_.bytes.size()) file_.truncated();
    uint32_t value = 0;
    for (size_t i = bytes; i > 0; --i) value = value << 8 | file_.bytes[at + i - 1];
    return value;
  }
  int64_t signed_number(size_t at) const { return static_cast<int32_t>(number(at, 4)); }

  Header header() const {
    Header h;
    h.pixels_at = number(10, 4);
    const size_t size = number(14, 4);
    if (size == 12) {
      h.width = number(18, 2);
      h.height = number(20, 2);
      h.bits = static_cast<int>(number(24, 2));
      h.palette_entry = 3;
    } else {
      h.width = signed_number(18);
      h.height = std::abs(signed_number(22));
      h.bottom_up = signed_number(22) > 0;
      h.bits = static_cast<int>(number(28, 2));
    }
    const uint32_t compression = size == 12 ? uint32_t{kNone} : number(30, 4);
    h.palette_at = 14 + size;
    if (h.bits <= 8) {
      if (compression != kNone) file_.unsupported("run-length encoding");
      const uint32_t used = size == 12 ? 0 : number(46, 4);
      h.palette_count = used == 0 || used > 256 ? size_t{1} << h.bits : used;
    } else {
      h.masks = masks(h, size, compression);
    }
    return h;
  }

 private:
  std::array<uint32_t, 4> masks(const Header& h, size_t size, uint32_t compression) const {
    if (compression == kNone && h.bits == 16) return {0x7C00, 0x03E0, 0x001F, 0};
    if (compression == kNone) return {0xFF0000, 0xFF00, 0xFF, 0};
    if (compression != kMasks && compression != kMasksWithAlpha) {
      file_.unsupported("an unknown compression");
    }
    const bool has_alpha = size >= 56 || compression == kMasksWithAlpha;
    return {number(54, 4), number(58, 4), number(62, 4), has_alpha ? number(66, 4) : 0};
  }

  const Encoded& file_;
};

// The bits of `mask` in `pixel`, scaled to 0..255.
uint8_t masked(uint32_t pixel, uint32_t mask) {
  if (mask == 0) return 0;
  const int shift = std::countr_zero(mask);
  const uint64_t most = mask >> shift, value = (pixel & mask) >> shift;
  return static_cast<uint8_t>((value * 255 + most / 2) / most);
}

std::array<std::array<uint8_t, 3>, 256> read_palette(const Reader& reader, const Header& h) {
  std::array<std::array<uint8_t, 3>, 256> palette = {};  // missing entries are black
  for (size_t k = 0; k < h.palette_count; ++k) {
    for (size_t c = 0; c < 3; ++c) {
      palette[k][c] =
          static_cast<uint8_t>(reader.number(h.palette_at + k * h.palette_entry + 2 - c, 1));
    }
  }
  return palette;
}

void read_indexed_row(const Header& h, const uint8_t* row,
                      const std::array<std::array<uint8_t, 3>, 256>& palette, uint8_t* out) {
  const auto bits = static_cast<size_t>(h.bits);
  for (size_t x = 0; x < static_cast<size_t>(h.width); ++x) {
    const size_t bit = x * bits;
    const size_t index =
        row[bit / 8] >> (8 - bits - bit % 8) & ((size_t{1} << bits) - 1);  // high bits first
    for (size_t c = 0; c < 3; ++c) *out++ = palette[index][c];
  }
}

void read_masked_row(const Header& h, const uint8_t* row, size_t channels, uint8_t* out) {
  const auto bytes = static_cast<size_t>(h.bits / 8);
  for (size_t x = 0; x < static_cast<size_t>(h.width); ++x) {
    uint32_t pixel = 0;
    for (size_t i = bytes; i > 0; --i) pixel = pixel << 8 | row[x * bytes + i - 1];
    for (size_t c = 0; c < channels; ++c) *out++ = masked(pixel, h.masks[c]);
  }
}

}  // namespace

Decoded decode_bmp(const Encoded& file) {
  const Reader reader(file);
  const Header h = reader.header();
  file.check_extents(h.width, h.height);
  if (h.bits != 1 && h.bits != 4 && h.bits != 8 && h.bits != 16 && h.bits != 24 && h.bits != 32) {
    file.damaged("impossible number of bits per pixel");
  }
  const auto row_bytes = static_cast<size_t>((h.width * h.bits + 31) / 32 * 4);
  if (h.pixels_at + row_bytes * static_cast<size_t>(h.height) > file.bytes.size()) {
    file.truncated();
  }

  Image image = file.take_image(h.height, h.width, h.masks[3] != 0 ? 4 : 3, 0);
  image.stored.colours = h.bits <= 8 ? Colours::palette : Colours::rgb;
  image.stored.bits = h.bits <= 8 ? h.bits : 8;
  const auto palette = read_palette(reader, h);
  for (int64_t y = 0; y < h.height; ++y) {
    const auto stored = static_cast<size_t>(h.bottom_up ? h.height - 1 - y : y);
    const uint8_t* row = file.bytes.data() + h.pixels_at + stored * row_bytes;
    uint8_t* out = image.pixels.data() + y * h.width * image.channels;
    if (h.bits <= 8) {
      read_indexed_row(h, row, palette, out);
    } else {
      read_masked_row(h, row, static_cast<size_t>(image.channels), out);
    }
  }
  return {std::move(image), {}};
}

}  // namespace pg
