// video_file.cpp: VP9 by libvpx, and its colours.
#include "tests/data/video/video_file.h"

#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>

#include <algorithm>
#include <cmath>

namespace pg::testing {
namespace {

uint8_t byte_of(double x) { return static_cast<uint8_t>(std::clamp(std::lround(x), 0L, 255L)); }

Image colours_of(const vpx_image_t& frame) {
  Image image{frame.d_h, frame.d_w, 3, {}};
  const auto at = [&](int plane, int64_t y, int64_t x) {
    const int64_t shift = plane == 0 ? 0 : 1;
    return frame.planes[plane][(y >> shift) * frame.stride[plane] + (x >> shift)];
  };
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      const double l = (at(0, y, x) - 16) * 255.0 / 219.0;
      const double b = (at(1, y, x) - 128) * 255.0 / 224.0 * 1.8556;
      const double r = (at(2, y, x) - 128) * 255.0 / 224.0 * 1.5748;
      const double g = -(0.2126 * r + 0.0722 * b) / 0.7152;
      for (const double c : {l + r, l + g, l + b}) image.pixels.push_back(byte_of(c));
    }
  }
  return image;
}

}  // namespace

std::vector<Image> decode_vp9(const std::vector<StoredFrame>& frames) {
  vpx_codec_ctx_t decoder;
  if (vpx_codec_dec_init(&decoder, vpx_codec_vp9_dx(), nullptr, 0) != VPX_CODEC_OK) {
    throw std::runtime_error("no VP9 decoder");
  }
  std::vector<Image> images;
  for (const StoredFrame& frame : frames) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(frame.bytes.data());
    const auto size = static_cast<unsigned>(frame.bytes.size());
    if (vpx_codec_decode(&decoder, bytes, size, nullptr, 0) != VPX_CODEC_OK) break;
    vpx_codec_iter_t position = nullptr;
    while (const vpx_image_t* image = vpx_codec_get_frame(&decoder, &position)) {
      images.push_back(colours_of(*image));
    }
  }
  vpx_codec_destroy(&decoder);
  return images;
}

}  // namespace pg::testing
