// video.h: writers of videos.
//
//   .webm              VP9 by libvpx (vp9_encoder.h, webm_file.h)
//   .webp              an animation by libwebp
//   .mp4 .mov .mkv .gif   by the program ffmpeg, if PATH has it
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "data/files/output_path.h"
#include "data/images/image.h"

namespace pg {

enum class VideoKind { webm, webp, mp4, mov, mkv, gif };

// The kind for an ending such as ".webm", in lower case.
std::optional<VideoKind> video_kind(std::string_view ending);

// The endings of all kinds: ".webm", ...
const std::vector<std::string_view>& video_endings();

struct VideoShape {
  int64_t height = 0, width = 0;  // of the images, before video_frame (frame.h)
  double fps = 30.0;
};

// A file that appears complete or not at all. Memory does not grow with the number of frames,
// except by the compressed bytes of a WebP animation.
class VideoWriter {
 public:
  virtual ~VideoWriter() = default;

  // The next frame: an image of 1 to 4 channels and the extents of the shape. Throws IoError.
  virtual void add(const Image& image) = 0;

  // Completes the file with the frames so far, at least one. Throws IoError, and UsageError if
  // something must not be replaced any more.
  virtual void finish() = 0;
};

// Throws UsageError for extents or a frame rate that the kind cannot hold, or without ffmpeg;
// IoError.
std::unique_ptr<VideoWriter> open_video(const OutputPath& to, VideoKind kind,
                                        const VideoShape& shape);

}  // namespace pg
