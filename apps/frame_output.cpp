// frame_output.cpp: names of frames, and kinds of videos.
#include "apps/frame_output.h"

#include <cstdio>

#include "apps/memory.h"
#include "apps/print.h"
#include "apps/stop_signals.h"
#include "data/formats/own_file.h"
#include "data/images/png.h"
#include "data/video/frame.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

std::string frame_name(int64_t frame) {
  char name[40];
  std::snprintf(name, sizeof name, "frame%06lld.png", static_cast<long long>(frame));
  return name;
}

// The kind that a name asks for; none for a folder.
std::optional<VideoKind> kind_of(const std::string& out) {
  for (const std::string_view ending : video_endings()) {
    if (has_ending(out, ending)) return video_kind(ending);
  }
  return std::nullopt;
}

OutputKind files_of(VideoKind kind) {
  const std::string ending(video_endings()[static_cast<size_t>(kind)]);
  switch (kind) {
    case VideoKind::webm:
    case VideoKind::mkv:
      return {{ending}, is_own_matroska};
    case VideoKind::webp:
      return {{ending}, is_own_webp};
    case VideoKind::gif:
      return {{ending}, is_own_gif};
    default:
      return {{ending}, is_own_mp4};
  }
}

}  // namespace

FrameOutput::FrameOutput(const std::string& out, Force force, const Length& length)
    : name_(out), length_(length), kind_(kind_of(out)) {
  PG_CHECK(length.frames > 0, UsageError, "the video has no frame; increase --seconds or --fps");
  if (kind_) {
    file_.emplace("--out", out, files_of(*kind_), force);
    return;
  }
  folder_.emplace("--out", out, force, ".webm, .webp, .mp4, .mov, .mkv or .gif");
  for (int64_t t = 0; t < length.frames; ++t) folder_->png(frame_name(t));
}

void FrameOutput::start(int64_t height, int64_t width) {
  height_ = height;
  width_ = width;
  // As it is filled; for a video also enlarged, and those that the encoder holds back.
  const double copies = kind_ ? 16.0 : 2.0, bytes = 3.0 * static_cast<double>(height * width);
  require_memory(static_cast<int64_t>(copies * bytes),
                 message("a video of ", length_.frames, " frames of ", height, "x", width),
                 "show fewer or smaller images");
  progress_.emplace("frames", length_.frames);
  if (!kind_) return;
  video_ =
      open_video(file_->path(), *kind_, {.height = height, .width = width, .fps = length_.fps});
}

void FrameOutput::add(const Image& frame) {
  if (kind_) {
    video_->add(frame);
  } else {
    write_png(folder_->png(frame_name(written_)), frame);
  }
  progress_->update(++written_);
}

void FrameOutput::check_stop() {
  if (!StopSignals::requested()) return;
  progress_.reset();
  const bool kept = kind_ && written_ > 0;
  if (kept) video_->finish();
  apps::check_stop(message("after ", written_, " of ", length_.frames, " frames",
                           kept ? message(", which are in ", name_) : ""));
}

void FrameOutput::finish() {
  progress_.reset();
  if (!kind_) {
    return print("{} in {}; to make a video of them, choose a name such as {}.webm\n",
                 counted(written_, "frame"), name_, name_);
  }
  video_->finish();
  const int64_t factor = video_factor(height_, width_);
  print("{}: {:.4g} s, {} of {}x{}\n", name_, static_cast<double>(written_) / length_.fps,
        counted(written_, "frame"), width_ * factor, height_ * factor);
}

}  // namespace pg::apps
