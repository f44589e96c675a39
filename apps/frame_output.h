// frame_output.h: where commands write the frames of a video: a video file or a folder of PNG
// files, by the name.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/count_line.h"
#include "apps/outputs.h"
#include "data/video/video.h"

namespace pg::apps {

// For --help.
inline constexpr const char* kVideoHelp =
    "name of the video: .webm or .webp; .mp4, .mov, .mkv or .gif need the program ffmpeg; any "
    "other "
    "name is a folder for frame000000.png, ...";

class FrameOutput {
 public:
  struct Length {
    int64_t frames = 1;
    double fps = 30.0;
  };

  // Throws UsageError for an unknown ending, or if something exists there that must not be
  // replaced.
  FrameOutput(const std::string& out, Force force, const Length& length);

  // Before the first frame. Throws UsageError for extents that the kind cannot hold or without
  // ffmpeg, IoError.
  void start(int64_t height, int64_t width);

  // The next frame. Throws IoError.
  void add(const Image& frame);

  // To be called between frames: if a stop is requested, completes a video with the frames so far
  // and throws the Error "stopped after N of M frames".
  void check_stop();

  // After the last frame: completes the video and prints its name.
  void finish();

 private:
  std::string name_;
  Length length_;
  std::optional<VideoKind> kind_;  // none: a folder
  std::optional<OutputFile> file_;
  std::optional<OutputFolder> folder_;
  std::unique_ptr<VideoWriter> video_;
  std::optional<CountLine> progress_;
  int64_t written_ = 0, height_ = 0, width_ = 0;
};

}  // namespace pg::apps
