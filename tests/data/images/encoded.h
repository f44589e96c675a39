// encoded.h: image files of every kind in memory, most of them made with the formats' own
// libraries.
#pragma once

#include <webp/encode.h>
#include <zlib.h>

#include <cstdio>
// jpeglib.h needs FILE and size_t to be declared before it.
#include <jpeglib.h>

#include <functional>
#include <initializer_list>

#include "tests/data/support.h"

namespace pg::testing {

using Bytes = std::vector<uint8_t>;

struct JpegKind {
  J_COLOR_SPACE given = JCS_RGB, kept = JCS_YCbCr;
  std::function<void(j_compress_ptr)> choose = {};  // further settings
};

inline Bytes jpeg_bytes(const Image& image, const JpegKind& kind = {}) {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &out, &size);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = static_cast<int>(image.channels);
  jpeg.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : kind.given;
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, image.channels == 1 ? JCS_GRAYSCALE : kind.kept);
  jpeg_set_quality(&jpeg, 95, TRUE);
  if (kind.choose) kind.choose(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<uint8_t*>(image.pixels.data()) +
                   jpeg.next_scanline * static_cast<size_t>(image.width * image.channels);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  Bytes bytes(out, out + size);
  std::free(out);
  return bytes;
}

inline void append_big(Bytes& bytes, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<uint8_t>(number >> shift));
  }
}

inline void append_little(Bytes& bytes, uint32_t number, int count = 4) {
  for (int k = 0; k < count; ++k) bytes.push_back(static_cast<uint8_t>(number >> (8 * k)));
}

// 24 bits a pixel, or for RGBA 32 bits with masks (BITMAPV4HEADER); rows from the bottom up.
inline Bytes bmp_bytes(const Image& image) {
  const bool alpha = image.channels == 4;
  const uint32_t header = alpha ? 108 : 40;
  const int64_t row = (image.width * image.channels + 3) / 4 * 4;
  Bytes bmp = {'B', 'M'};
  const auto put = [&](std::initializer_list<int64_t> numbers) {
    for (const int64_t number : numbers) append_little(bmp, static_cast<uint32_t>(number));
  };
  put({14 + header + row * image.height, 0, 14 + header, header, image.width, image.height});
  append_little(bmp, 1, 2);
  append_little(bmp, alpha ? 32 : 24, 2);
  put({alpha ? 3 : 0, row * image.height, 0, 0, 0, 0});
  if (alpha) put({0xff0000, 0xff00, 0xff, 0xff000000});
  bmp.resize(14 + header);
  for (int64_t y = image.height - 1; y >= 0; --y) {
    for (int64_t x = 0; x < image.width; ++x) {
      const uint8_t* p = image.pixels.data() + (y * image.width + x) * image.channels;
      bmp.insert(bmp.end(), {p[2], p[1], p[0]});
      if (alpha) bmp.push_back(p[3]);
    }
    bmp.resize(bmp.size() + static_cast<size_t>(row - image.width * image.channels));
  }
  return bmp;
}

// A PNG of the given chunks between its header and its end, with correct checksums.
struct PngFile {
  uint32_t width = 0, height = 0;
  uint8_t bits = 8, type = 0;  // 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGBA
  std::vector<std::pair<std::string, Bytes>> chunks = {};

  PngFile& chunk(const std::string& name, const Bytes& data) {
    chunks.emplace_back(name, data);
    return *this;
  }
  // Unpacked rows, each with its filter byte.
  PngFile& data(const Bytes& rows) {
    Bytes packed(compressBound(rows.size()));
    uLongf size = packed.size();
    compress(packed.data(), &size, rows.data(), rows.size());
    packed.resize(size);
    return chunk("IDAT", packed);
  }
  Bytes bytes() const {
    Bytes out = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, header;
    append_big(header, width);
    append_big(header, height);
    header.insert(header.end(), {bits, type, 0, 0, 0});
    append(out, "IHDR", header);
    for (const auto& [name, content] : chunks) append(out, name, content);
    append(out, "IEND", {});
    return out;
  }

 private:
  static void append(Bytes& out, const std::string& name, const Bytes& content) {
    append_big(out, static_cast<uint32_t>(content.size()));
    const size_t from = out.size();
    out.insert(out.end(), name.begin(), name.end());
    out.insert(out.end(), content.begin(), content.end());
    append_big(out, static_cast<uint32_t>(crc32_z(0, out.data() + from, out.size() - from)));
  }
};

// quality 0 to 100, or lossless if negative.
inline Bytes webp_bytes(const Image& image, float quality = -1) {
  const auto w = static_cast<int>(image.width), h = static_cast<int>(image.height);
  const int row = w * static_cast<int>(image.channels);
  uint8_t* out = nullptr;
  size_t size = 0;
  if (image.channels == 4) {
    size = quality < 0 ? WebPEncodeLosslessRGBA(image.pixels.data(), w, h, row, &out)
                       : WebPEncodeRGBA(image.pixels.data(), w, h, row, quality, &out);
  } else {
    size = quality < 0 ? WebPEncodeLosslessRGB(image.pixels.data(), w, h, row, &out)
                       : WebPEncodeRGB(image.pixels.data(), w, h, row, quality, &out);
  }
  Bytes bytes(out, out + size);
  WebPFree(out);
  return bytes;
}

inline void append_riff(Bytes& out, const std::string& name, const Bytes& content) {
  out.insert(out.end(), name.begin(), name.end());
  append_little(out, static_cast<uint32_t>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  if (content.size() % 2 == 1) out.push_back(0);
}

// A WebP in the extended format: `flags` of VP8X (2 animation, 8 EXIF) and chunks.
inline Bytes webp_file(uint8_t flags, int64_t side, const Bytes& chunks) {
  Bytes head = {flags, 0, 0, 0}, body = {'W', 'E', 'B', 'P'}, out;
  for (int k = 0; k < 2; ++k) append_little(head, static_cast<uint32_t>(side - 1), 3);
  append_riff(body, "VP8X", head);
  body.insert(body.end(), chunks.begin(), chunks.end());
  append_riff(out, "RIFF", body);
  return out;
}

// An EXIF structure with only an orientation.
inline Bytes exif_tiff(uint8_t orientation) {
  return {'M', 'M',         0, 42, 0, 0, 0, 8,        // big-endian, directory at 8
          0,   1,           1, 18, 0, 3, 0, 0, 0, 1,  // one entry: tag 0x112, SHORT, count 1
          0,   orientation, 0, 0,  0, 0, 0, 0};       // value, no next directory
}

inline Bytes with_orientation(Bytes jpeg, uint8_t orientation) {
  Bytes segment = {0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
  const Bytes tiff = exif_tiff(orientation);
  segment.insert(segment.end(), tiff.begin(), tiff.end());
  jpeg.insert(jpeg.begin() + 2, segment.begin(), segment.end());
  return jpeg;
}

}  // namespace pg::testing
