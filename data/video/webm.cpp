// webm.cpp: VP9 frames into a WebM file.
#include <algorithm>
#include <thread>

#include "data/video/vp9_encoder.h"
#include "data/video/webm_file.h"
#include "data/video/writers.h"

namespace pg {
namespace {

constexpr unsigned kMostThreads = 8;  // rows of a frame depend on each other

int encoder_threads() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads));
}

class WebmVideo : public VideoWriter {
 public:
  WebmVideo(const OutputPath& to, const VideoShape& s)
      : file_(to, {.height = s.height, .width = s.width, .fps = s.fps}),
        encoder_(s.height, s.width, s.fps, encoder_threads(),
                 [this](const Vp9Packet& packet) { file_.add(packet.bytes, packet.is_key); }) {}

  void add(const Image& image) override { encoder_.add(to_i420(image)); }

  void finish() override {
    encoder_.finish();
    file_.finish();
  }

 private:
  WebmFile file_;
  Vp9Encoder encoder_;
};

}  // namespace

std::unique_ptr<VideoWriter> open_webm(const OutputPath& to, const VideoShape& frames) {
  return std::make_unique<WebmVideo>(to, frames);
}

}  // namespace pg
