// encode_webp.cpp: WebP through libwebp, in the extended container, which can hold metadata.
#include <webp/encode.h>

#include <memory>
#include <string>
#include <string_view>

#include "data/formats/own_file.h"
#include "data/images/encode.h"
#include "kernels/error.h"

namespace pg {
namespace {

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
  Bytes() = default;
  ~Bytes() { WebPFree(data); }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
};

std::string little_endian(uint64_t value, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}

// A chunk of a RIFF file, padded to an even length.
std::string chunk(std::string_view kind, std::string_view content) {
  std::string text = std::string(kind) + little_endian(content.size(), 4) + std::string(content);
  if (content.size() % 2 != 0) text += '\0';
  return text;
}

void encode(const Image& image, int quality, Bytes& to) {
  const auto width = static_cast<int>(image.width), height = static_cast<int>(image.height);
  const auto channels = static_cast<int>(image.channels);
  const uint8_t* pixels = image.pixels.data();
  const int stride = width * channels;
  const auto strength = static_cast<float>(quality);
  if (quality == 0) {
    to.size = channels == 4 ? WebPEncodeLosslessRGBA(pixels, width, height, stride, &to.data)
                            : WebPEncodeLosslessRGB(pixels, width, height, stride, &to.data);
  } else {
    to.size = channels == 4 ? WebPEncodeRGBA(pixels, width, height, stride, strength, &to.data)
                            : WebPEncodeRGB(pixels, width, height, stride, strength, &to.data);
  }
}

}  // namespace

std::vector<uint8_t> encode_webp(const std::filesystem::path& to, const Image& image, int quality) {
  constexpr size_t kHeader = 12, kKind = 16;  // of the simple container, and with the chunk's kind
  Bytes simple;
  encode(image.channels < 3 ? convert_channels(image, image.channels + 2) : image, quality, simple);
  PG_CHECK(simple.size > kKind, IoError, "cannot write ", to.string(),
           ": the WebP encoder failed; choose .png");
  const std::string_view file(reinterpret_cast<const char*>(simple.data), simple.size);
  constexpr char kAlpha = 0x10, kXmp = 0x04;
  const char alpha = image.channels % 2 == 0 ? kAlpha : '\0';
  const std::string extents = little_endian(static_cast<uint64_t>(image.width - 1), 3) +
                              little_endian(static_cast<uint64_t>(image.height - 1), 3);
  const std::string flags = std::string(1, static_cast<char>(alpha | kXmp)) + std::string(3, '\0');
  // libwebp itself writes an extended container for a lossy image with alpha.
  constexpr size_t kExtended = 18;  // the chunk VP8X
  const size_t start = kHeader + (file.substr(kHeader, 4) == "VP8X" ? kExtended : 0);
  const std::string content = "WEBP" + chunk("VP8X", flags + extents) +
                              std::string(file.substr(start)) + chunk("XMP ", own_xmp());
  const std::string riff = "RIFF" + little_endian(content.size(), 4) + content;
  return {riff.begin(), riff.end()};
}

}  // namespace pg
