// ffmpeg.cpp: raw frames into the program ffmpeg, which writes the kinds that we do not.
#include <charconv>

#include "data/files/atomic_file.h"
#include "data/files/fed_process.h"
#include "data/files/shown.h"
#include "data/formats/own_file.h"
#include "data/video/writers.h"
#include "kernels/error.h"

namespace pg {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kAdvice = "install ffmpeg, or write a .webm or .webp file";

const char* format_of(VideoKind kind) {
  switch (kind) {
    case VideoKind::mov:
      return "mov";
    case VideoKind::mkv:
      return "matroska";
    case VideoKind::gif:
      return "gif";
    default:
      return "mp4";
  }
}

std::string text_of(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

// H.264 with the colours of to_i420, or a palette for each frame.
Words encoder_words(VideoKind kind) {
  if (kind == VideoKind::gif) {
    return {"-vf", "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1"};
  }
  Words words = {"-vf",
                 "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
                 "-c:v",
                 "libx264",
                 "-crf",
                 "17",
                 "-colorspace",
                 "bt709",
                 "-color_trc",
                 "bt709",
                 "-color_primaries",
                 "bt709",
                 "-color_range",
                 "tv"};
  if (kind != VideoKind::mkv) words.insert(words.end(), {"-movflags", "+faststart"});
  return words;
}

// "file:", because a path may look like an option or an address.
Words words_of(VideoKind kind, const VideoShape& frames, const std::filesystem::path& file) {
  Words words = {"-nostdin",
                 "-hide_banner",
                 "-loglevel",
                 "error",
                 "-y",
                 "-f",
                 "rawvideo",
                 "-pix_fmt",
                 "rgb24",
                 "-s",
                 message(frames.width, "x", frames.height),
                 "-framerate",
                 text_of(frames.fps),
                 "-i",
                 "pipe:0"};
  const Words encoder = encoder_words(kind);
  words.insert(words.end(), encoder.begin(), encoder.end());
  words.insert(words.end(), {"-f", format_of(kind), "file:" + file.string()});
  return words;
}

class FfmpegVideo : public VideoWriter {
 public:
  FfmpegVideo(const OutputPath& to, VideoKind kind, const VideoShape& frames)
      : path_(to.path()),
        kind_(kind),
        file_(to),
        ffmpeg_("ffmpeg", words_of(kind, frames, file_.unfinished()),
                message("writing .", format_of(kind)), kAdvice) {}

  void add(const Image& image) override {
    if (!ffmpeg_.write(bytes_of(image.pixels))) fail();
  }

  void finish() override {
    if (!ffmpeg_.finish()) fail_with(ffmpeg_.last_line());
    file_.count_filled();
    mark();
    file_.commit();
  }

 private:
  void mark() {
    if (kind_ == VideoKind::gif) {  // before the byte that ends the file
      constexpr int64_t kEnd = 1;
      const std::string_view text = own_mark(OwnMark::gif);
      const auto all = bytes_of(text);
      PG_CHECK(file_.size() > kEnd, IoError, "ffmpeg wrote no image to ", path_.string());
      file_.overwrite(file_.size() - kEnd, all.first(kEnd));
      return file_.write(all.subspan(kEnd));
    }
    file_.write(own_mark(kind_ == VideoKind::mkv ? OwnMark::matroska : OwnMark::mp4));
  }

  [[noreturn]] void fail() {
    ffmpeg_.finish();
    fail_with(ffmpeg_.last_line());
  }

  [[noreturn]] void fail_with(const std::string& said) const {
    throw IoError(message("ffmpeg cannot write ", path_.string(), ": ",
                          said.empty() ? "it gave no reason" : shown(said),
                          "; correct that, or write a .webm or .webp file"));
  }

  std::filesystem::path path_;
  VideoKind kind_;
  AtomicFile file_;
  FedProcess ffmpeg_;  // ends before the file is removed
};

}  // namespace

std::unique_ptr<VideoWriter> open_ffmpeg(const OutputPath& to, VideoKind kind,
                                         const VideoShape& frames) {
  return std::make_unique<FfmpegVideo>(to, kind, frames);
}

}  // namespace pg
