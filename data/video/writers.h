// writers.h: one writer for each kind of video, used only by video.cpp. Frames come from
// video_frame: RGB of even extents, which are those of the shape.
#pragma once

#include "data/video/video.h"

namespace pg {

std::unique_ptr<VideoWriter> open_webm(const OutputPath& to, const VideoShape& frames);
std::unique_ptr<VideoWriter> open_webp(const OutputPath& to, const VideoShape& frames);
std::unique_ptr<VideoWriter> open_ffmpeg(const OutputPath& to, VideoKind kind,
                                         const VideoShape& frames);

}  // namespace pg
