// webp.cpp: animated WebP by libwebp and libwebpmux, with a mark of this program as XMP.
#include <webp/encode.h>
#include <webp/mux.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "data/files/atomic_file.h"
#include "data/formats/own_file.h"
#include "data/video/writers.h"
#include "kernels/error.h"

namespace pg {
namespace {

constexpr int64_t kLargestSide = WEBP_MAX_DIMENSION;
constexpr double kMostFps = 90.0;  // browsers show frames of 10 ms or less for 100 ms
constexpr float kQuality = 90.0F;
constexpr int kKeyFrameEvery = 30;

[[noreturn]] void fail(const OutputPath& to, const char* why) {
  throw IoError(message("cannot write ", to.path().string(), ": ", why,
                        "; choose another size or kind of video"));
}

// A result of libwebp with its own memory.
class Data {
 public:
  Data() { WebPDataInit(&data_); }
  ~Data() { WebPDataClear(&data_); }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  WebPData* get() { return &data_; }
  std::span<const std::byte> bytes() const {
    return std::as_bytes(std::span(data_.bytes, data_.size));
  }

 private:
  WebPData data_;
};

class WebpVideo : public VideoWriter {
 public:
  WebpVideo(const OutputPath& to, const VideoShape& shape) : to_(to), file_(to), shape_(shape) {
    PG_CHECK(std::max(shape.height, shape.width) <= kLargestSide, UsageError,
             "a WebP animation cannot have frames of ", shape.height, "x", shape.width,
             "; expected at most ", kLargestSide, ", so show fewer or smaller images");
    PG_CHECK(shape.fps <= kMostFps, UsageError, "a WebP animation cannot show ", shape.fps,
             " frames per second; expected at most ", kMostFps, ", or a .webm file");
    WebPAnimEncoderOptions options;
    bool ready = WebPAnimEncoderOptionsInit(&options) != 0 && WebPConfigInit(&config_) != 0;
    options.kmin = kKeyFrameEvery - 1;
    options.kmax = kKeyFrameEvery;
    config_.quality = kQuality;
    config_.method = 4;
    config_.use_sharp_yuv = 1;
    config_.thread_level = 1;
    if (ready) {
      encoder_.reset(WebPAnimEncoderNew(static_cast<int>(shape.width),
                                        static_cast<int>(shape.height), &options));
    }
    if (!encoder_) fail(to_, "libwebp cannot start");
  }

  void add(const Image& image) override {
    WebPPicture picture;
    if (WebPPictureInit(&picture) == 0) fail(to_, "libwebp has another version");
    const std::unique_ptr<WebPPicture, void (*)(WebPPicture*)> freed(&picture, WebPPictureFree);
    picture.use_argb = 1;
    picture.width = static_cast<int>(image.width);
    picture.height = static_cast<int>(image.height);
    if (WebPPictureImportRGB(&picture, image.pixels.data(), 3 * picture.width) == 0) {
      fail(to_, "libwebp has no memory");
    }
    check(WebPAnimEncoderAdd(encoder_.get(), &picture, next_time(), &config_));
  }

  void finish() override {
    check(WebPAnimEncoderAdd(encoder_.get(), nullptr, next_time(), nullptr));
    Data animation, marked;
    check(WebPAnimEncoderAssemble(encoder_.get(), animation.get()));
    encoder_.reset();
    const std::unique_ptr<WebPMux, void (*)(WebPMux*)> mux(WebPMuxCreate(animation.get(), 0),
                                                           WebPMuxDelete);
    const std::string_view text = own_xmp();
    const WebPData xmp{reinterpret_cast<const uint8_t*>(text.data()), text.size()};
    if (!mux || WebPMuxSetChunk(mux.get(), "XMP ", &xmp, 0) != WEBP_MUX_OK ||
        WebPMuxAssemble(mux.get(), marked.get()) != WEBP_MUX_OK) {
      fail(to_, "libwebp cannot assemble the file");
    }
    file_.write(marked.bytes());
    file_.commit();
  }

 private:
  void check(int done) const {
    if (done == 0) fail(to_, WebPAnimEncoderGetError(encoder_.get()));
  }

  // Milliseconds from which the next frame is shown.
  int next_time() {
    return static_cast<int>(std::lround(static_cast<double>(frames_++) * 1000.0 / shape_.fps));
  }

  const OutputPath to_;
  AtomicFile file_;
  VideoShape shape_;
  WebPConfig config_ = {};
  std::unique_ptr<WebPAnimEncoder, void (*)(WebPAnimEncoder*)> encoder_{nullptr,
                                                                        WebPAnimEncoderDelete};
  int64_t frames_ = 0;
};

}  // namespace

std::unique_ptr<VideoWriter> open_webp(const OutputPath& to, const VideoShape& frames) {
  return std::make_unique<WebpVideo>(to, frames);
}

}  // namespace pg
