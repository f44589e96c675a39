// video.cpp: the kinds of videos by name, and their frames.
#include "data/video/video.h"

#include <algorithm>

#include "data/formats/own_file.h"
#include "data/video/frame.h"
#include "data/video/writers.h"
#include "kernels/error.h"

namespace pg {
namespace {

// In the order of the enum.
const std::vector<std::string_view> kEndings = {".webm", ".webp", ".mp4", ".mov", ".mkv", ".gif"};

std::unique_ptr<VideoWriter> open_kind(const OutputPath& to, VideoKind kind,
                                       const VideoShape& frames) {
  if (kind == VideoKind::webm) return open_webm(to, frames);
  if (kind == VideoKind::webp) return open_webp(to, frames);
  return open_ffmpeg(to, kind, frames);
}

// Enlarges frames for the writer of a kind.
class FramedVideo : public VideoWriter {
 public:
  FramedVideo(const OutputPath& to, VideoKind kind, const VideoShape& shape) : shape_(shape) {
    const int64_t factor = video_factor(shape.height, shape.width);
    const auto extent = [&](int64_t side) { return (side * factor + 1) / 2 * 2; };
    writer_ = open_kind(
        to, kind, {.height = extent(shape.height), .width = extent(shape.width), .fps = shape.fps});
  }

  void add(const Image& image) override {
    PG_CHECK(image.height == shape_.height && image.width == shape_.width, ShapeError,
             "a frame is ", image.height, "x", image.width, ", but the video ", shape_.height, "x",
             shape_.width, "; all frames must have one size");
    writer_->add(video_frame(image));
    ++frames_;
  }

  void finish() override {
    PG_ASSERT(frames_ > 0);
    writer_->finish();
  }

 private:
  VideoShape shape_;
  std::unique_ptr<VideoWriter> writer_;
  int64_t frames_ = 0;
};

}  // namespace

std::optional<VideoKind> video_kind(std::string_view ending) {
  const auto found = std::ranges::find(kEndings, ending);
  if (found == kEndings.end()) return std::nullopt;
  return static_cast<VideoKind>(found - kEndings.begin());
}

const std::vector<std::string_view>& video_endings() { return kEndings; }

std::unique_ptr<VideoWriter> open_video(const OutputPath& to, VideoKind kind,
                                        const VideoShape& shape) {
  return std::make_unique<FramedVideo>(to, kind, shape);
}

}  // namespace pg
