// decode_webp.cpp: WebP through libwebp: lossy, lossless, with alpha; animations yield the first
// frame as displayed.
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "data/images/decoders.h"

namespace pg {
namespace {

const char* reason_of(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      throw std::bad_alloc();
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "unknown feature";
    default:
      return "inconsistent data";
  }
}

void check_status(const Encoded& file, VP8StatusCode status) {
  if (status == VP8_STATUS_OK) return;
  if (status == VP8_STATUS_NOT_ENOUGH_DATA || status == VP8_STATUS_SUSPENDED) file.truncated();
  file.damaged(reason_of(status));
}

// The container states its length.
void check_length(const Encoded& file) {
  const auto b = [&](size_t i) { return uint64_t{file.bytes[i]}; };
  const uint64_t claimed = b(4) | b(5) << 8 | b(6) << 16 | b(7) << 24;
  if (claimed + 8 > file.bytes.size()) file.truncated();
}

Image decode_still(const Encoded& file, const WebPBitstreamFeatures& features) {
  // Pixels without losses are decoded as 4 bytes each, and alpha like them.
  constexpr int kLossy = 1;
  const bool plain = features.format == kLossy && features.has_alpha == 0;
  const int64_t pixels = int64_t{features.height} * features.width;
  Image image = file.take_image(features.height, features.width, features.has_alpha != 0 ? 4 : 3,
                                plain ? 0 : 5 * pixels);
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) throw std::bad_alloc();
  config.output.colorspace = features.has_alpha != 0 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {image.pixels.data(), static_cast<int>(image.width * image.channels),
                          image.pixels.size()};
  check_status(file, WebPDecode(file.bytes.data(), file.bytes.size(), &config));
  return image;
}

Image decode_first_frame(const Encoded& file, const WebPBitstreamFeatures& features) {
  // The library keeps two canvases of 4 bytes per pixel, and decodes a frame as large as them.
  const int64_t pixels = int64_t{features.height} * features.width;
  Image image = file.take_image(features.height, features.width, 4, 13 * pixels);
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) throw std::bad_alloc();
  options.color_mode = MODE_RGBA;
  const WebPData data{file.bytes.data(), file.bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
      WebPAnimDecoderNew(&data, &options), &WebPAnimDecoderDelete);
  WebPAnimInfo info = {};
  uint8_t* canvas = nullptr;
  int milliseconds = 0;
  if (decoder == nullptr || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      WebPAnimDecoderGetNext(decoder.get(), &canvas, &milliseconds) == 0) {
    file.damaged("the first frame cannot be decoded");
  }
  if (info.canvas_height != image.height || info.canvas_width != image.width) {
    file.damaged("its canvas has two sizes");
  }
  std::copy_n(canvas, image.pixels.size(), image.pixels.begin());
  image.stored.frames = info.frame_count;
  return image;
}

// The first metadata chunk of a type; empty if there is none.
template <typename Result>
Result chunk_of(const Encoded& file, const char* type) {
  const WebPData data{file.bytes.data(), file.bytes.size()};
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(WebPDemux(&data),
                                                                         &WebPDemuxDelete);
  WebPChunkIterator chunk = {};
  if (demuxer == nullptr || WebPDemuxGetChunk(demuxer.get(), type, 1, &chunk) == 0) return {};
  Result result(chunk.chunk.bytes, chunk.chunk.bytes + chunk.chunk.size);
  WebPDemuxReleaseChunkIterator(&chunk);
  return result;
}

}  // namespace

Decoded decode_webp(const Encoded& file) {
  check_length(file);
  WebPBitstreamFeatures features = {};
  check_status(file, WebPGetFeatures(file.bytes.data(), file.bytes.size(), &features));
  file.check_extents(features.width, features.height);
  return {features.has_animation != 0 ? decode_first_frame(file, features)
                                      : decode_still(file, features),
          chunk_of<std::vector<uint8_t>>(file, "EXIF"), chunk_of<std::string>(file, "XMP ")};
}

}  // namespace pg
