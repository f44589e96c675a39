// vp9_encoder.cpp: settings of libvpx, and its packets.
#include "data/video/vp9_encoder.h"

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kLargestSide = 16384;
constexpr unsigned kKeyFrameEvery = 30, kLag = 16;
// Of 0 (best) to 63, and of 0 (slowest) to 8. Flat colours stay within 3 levels of 256.
constexpr int kQuality = 14, kSpeed = 4;

vpx_codec_enc_cfg_t settings(int64_t height, int64_t width, double fps, int threads) {
  vpx_codec_enc_cfg_t cfg;
  PG_CHECK(vpx_codec_enc_config_default(vpx_codec_vp9_cx(), &cfg, 0) == VPX_CODEC_OK, Error,
           "libvpx cannot encode VP9; write another kind of video");
  cfg.g_w = static_cast<unsigned>(width);
  cfg.g_h = static_cast<unsigned>(height);
  cfg.g_timebase = {.num = 1000, .den = static_cast<int>(std::lround(fps * 1000.0))};
  cfg.g_threads = static_cast<unsigned>(threads);
  cfg.g_lag_in_frames = kLag;
  cfg.rc_end_usage = VPX_Q;
  cfg.kf_max_dist = kKeyFrameEvery;
  return cfg;
}

}  // namespace

struct Vp9Encoder::Codec {
  vpx_codec_ctx_t context = {};
  vpx_image_t image = {};

  void check(vpx_codec_err_t result) {
    if (result == VPX_CODEC_OK) return;
    const char* detail = vpx_codec_error_detail(&context);
    throw Error(message("libvpx cannot encode the video: ",
                        detail != nullptr ? detail : vpx_codec_err_to_string(result),
                        "; choose another size or kind of video"));
  }

  template <typename Value>
  void set(int control, Value value) {
    check(vpx_codec_control_(&context, control, value));
  }
};

Vp9Encoder::Vp9Encoder(int64_t height, int64_t width, double fps, int threads, Sink sink)
    : codec_(std::make_unique<Codec>()), sink_(std::move(sink)) {
  PG_CHECK(height > 0 && width > 0 && height % 2 == 0 && width % 2 == 0 &&
               std::max(height, width) <= kLargestSide,
           UsageError, "a VP9 video cannot have frames of ", height, "x", width,
           "; expected even extents up to ", kLargestSide, ", so show fewer or smaller images");
  const vpx_codec_enc_cfg_t cfg = settings(height, width, fps, threads);
  Codec& codec = *codec_;
  codec.check(vpx_codec_enc_init(&codec.context, vpx_codec_vp9_cx(), &cfg, 0));
  codec.set(VP8E_SET_CPUUSED, kSpeed);
  codec.set(VP8E_SET_CQ_LEVEL, static_cast<unsigned>(kQuality));
  // Rows are coded in parallel, with the same bits; a number of tiles would have to be fixed.
  codec.set(VP9E_SET_ROW_MT, 1U);
  codec.set(VP9E_SET_COLOR_SPACE, static_cast<int>(VPX_CS_BT_709));
  codec.set(VP9E_SET_COLOR_RANGE, static_cast<int>(VPX_CR_STUDIO_RANGE));
  // Planes are set for each frame.
  vpx_img_wrap(&codec.image, VPX_IMG_FMT_I420, cfg.g_w, cfg.g_h, 1,
               reinterpret_cast<unsigned char*>(&codec));
}

Vp9Encoder::~Vp9Encoder() { vpx_codec_destroy(&codec_->context); }

void Vp9Encoder::add(const I420& frame) {
  vpx_image_t& image = codec_->image;
  PG_ASSERT(frame.height == image.d_h && frame.width == image.d_w);
  const std::vector<uint8_t>* planes[] = {&frame.y, &frame.cb, &frame.cr};
  for (int i = 0; i < 3; ++i) {
    image.planes[i] = const_cast<unsigned char*>(planes[i]->data());
    image.stride[i] = static_cast<int>(i == 0 ? frame.width : frame.width / 2);
  }
  codec_->check(vpx_codec_encode(&codec_->context, &image, frames_++, 1, 0, VPX_DL_GOOD_QUALITY));
  take_packets();
}

void Vp9Encoder::finish() {
  do {
    codec_->check(vpx_codec_encode(&codec_->context, nullptr, 0, 0, 0, VPX_DL_GOOD_QUALITY));
  } while (take_packets());
}

bool Vp9Encoder::take_packets() {
  bool any = false;
  vpx_codec_iter_t position = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&codec_->context, &position)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    any = true;
    const auto* bytes = static_cast<const std::byte*>(packet->data.frame.buf);
    sink_({.bytes = {bytes, packet->data.frame.sz},
           .is_key = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0});
  }
  return any;
}

}  // namespace pg
