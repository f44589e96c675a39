// other_kinds_test.cpp: animated WebP as libwebp reads it, and the kinds that ffmpeg writes.
#include <webp/demux.h>

#include <cstdlib>

#include "data/formats/own_file.h"
#include "data/video/video.h"
#include "tests/data/support.h"

namespace pg {
namespace {

using namespace testing;

const VideoShape kShape{.height = 64, .width = 64, .fps = 20.0};

Image frame(int t) {
  return flat_image(64, {static_cast<uint8_t>(60 + 9 * t), 120, static_cast<uint8_t>(200 - 7 * t)});
}

void write_frames(const fs::path& path, VideoKind kind, int count) {
  const auto video = open_video(path, kind, kShape);
  for (int t = 0; t < count; ++t) video->add(frame(t));
  video->finish();
}

TEST(WebpAnimation, PlaysAtItsSpeedAndLooksLikeTheImages) {
  const TempFolder folder;
  const fs::path path = folder / "a.webp";
  write_frames(path, VideoKind::webp, 10);
  const std::vector<uint8_t> bytes = read_bytes(path);
  const WebPData data{bytes.data(), bytes.size()};
  WebPAnimDecoder* decoder = WebPAnimDecoderNew(&data, nullptr);
  ASSERT_NE(decoder, nullptr);
  WebPAnimInfo info;
  ASSERT_NE(WebPAnimDecoderGetInfo(decoder, &info), 0);
  EXPECT_EQ(info.frame_count, 10U);
  EXPECT_EQ(info.loop_count, 0U);  // for ever
  EXPECT_EQ(info.canvas_width, 512U);
  uint8_t* pixels = nullptr;
  for (int t = 0, end = 0; WebPAnimDecoderGetNext(decoder, &pixels, &end) != 0; ++t) {
    EXPECT_EQ(end, 50 * (t + 1));
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(pixels[c], frame(t).pixels[c], 3) << t;
  }
  WebPAnimDecoderDelete(decoder);
  EXPECT_TRUE(is_own_webp(path));
}

TEST(WebpAnimation, TooManyFramesPerSecondAreRejected) {
  const TempFolder folder;
  EXPECT_HAS(error_of<UsageError>([&] {
               open_video((folder / "a.webp").string(), VideoKind::webp,
                          {.height = 8, .width = 8, .fps = 120.0});
             }),
             "120 frames per second");
}

// A stand-in for ffmpeg, found first in PATH. It is passed the words that the real one would be.
class FakeFfmpeg {
 public:
  explicit FakeFfmpeg(const std::string& script) : path_(std::getenv("PATH")) {
    write_text(folder_ / "ffmpeg", "#!/bin/sh\n" + script);
    fs::permissions(folder_ / "ffmpeg", fs::perms(0755));
    ::setenv("PATH", (folder_.path().string() + ":/usr/bin:/bin").c_str(), 1);
  }
  ~FakeFfmpeg() { ::setenv("PATH", path_.c_str(), 1); }
  FakeFfmpeg(const FakeFfmpeg&) = delete;
  FakeFfmpeg& operator=(const FakeFfmpeg&) = delete;

  std::string words() const {
    const std::vector<uint8_t> bytes = read_bytes(folder_ / "words");
    return {bytes.begin(), bytes.end()};
  }
  fs::path folder() const { return folder_.path(); }

 private:
  TempFolder folder_;
  std::string path_;
};

// The last word is the file, after "file:".
const char* kCopies =
    "echo \"$@\" > \"$(dirname \"$0\")/words\"\n"
    "for last; do :; done\n"
    "printf '0000ftyp' > \"${last#file:}\"\ncat >> \"${last#file:}\"\n";

TEST(Ffmpeg, ReceivesRawFramesAndItsFileIsMarkedAsOurs) {
  const FakeFfmpeg ffmpeg(kCopies);
  const TempFolder folder;
  const fs::path path = folder / "a.mp4";
  write_frames(path, VideoKind::mp4, 3);
  const std::vector<uint8_t> bytes = read_bytes(path);
  constexpr size_t kFrame = 512 * 512 * 3;
  ASSERT_GT(bytes.size(), 8 + 3 * kFrame);
  for (int t = 0; t < 3; ++t) {
    const size_t at = 8 + static_cast<size_t>(t) * kFrame;
    EXPECT_EQ(bytes[at], frame(t).pixels[0]);
    EXPECT_EQ(bytes[at + kFrame - 1], frame(t).pixels[2]);
  }
  EXPECT_HAS(ffmpeg.words(), "-pix_fmt rgb24 -s 512x512 -framerate 20 -i pipe:0");
  EXPECT_TRUE(is_own_mp4(path));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path().filename(), "a.mp4");
  }
}

TEST(Ffmpeg, ItsLastLineIsReportedAndNoHalfFileIsLeft) {
  const FakeFfmpeg ffmpeg("echo first >&2\necho 'Unknown encoder libx264' >&2\nexit 1\n");
  const TempFolder folder;
  const std::string error =
      error_of<IoError>([&] { write_frames(folder / "a.mp4", VideoKind::mp4, 3); });
  EXPECT_HAS(error, "Unknown encoder libx264");
  EXPECT_EQ(error.find("first"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Ffmpeg, AFailureAfterAllFramesIsAnError) {
  const FakeFfmpeg ffmpeg("cat > /dev/null\necho 'No space left on device' >&2\nexit 3\n");
  const TempFolder folder;
  EXPECT_HAS(error_of<IoError>([&] { write_frames(folder / "a.mov", VideoKind::mov, 2); }),
             "No space left on device");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Ffmpeg, IsAskedForIfItIsMissing) {
  const FakeFfmpeg other("");
  fs::remove(other.folder() / "ffmpeg");
  ::setenv("PATH", other.folder().c_str(), 1);
  const TempFolder folder;
  EXPECT_EQ(
      error_of<UsageError>([&] { write_frames(folder / "a.gif", VideoKind::gif, 1); }),
      "writing .gif needs the program ffmpeg, which is not in PATH; install ffmpeg, or write a "
      ".webm or .webp file");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

bool installed(const char* program) {
  return std::system(("command -v " + std::string(program) + " >/dev/null 2>&1").c_str()) == 0;
}

TEST(Ffmpeg, TheRealOneWritesEveryKind) {
  if (!installed("ffmpeg") || !installed("ffprobe")) GTEST_SKIP() << "ffmpeg is not installed";
  const TempFolder folder;
  struct Case {
    VideoKind kind;
    const char* name;
    bool (*ours)(const fs::path&);
  };
  for (const auto& [kind, name, ours] : {Case{VideoKind::mp4, "a.mp4", is_own_mp4},
                                         {VideoKind::mov, "a.mov", is_own_mp4},
                                         {VideoKind::mkv, "a.mkv", is_own_matroska},
                                         {VideoKind::gif, "a.gif", is_own_gif},
                                         {VideoKind::webm, "a.webm", is_own_matroska}}) {
    SCOPED_TRACE(name);
    const fs::path path = folder / name;
    write_frames(path, kind, 10);
    EXPECT_TRUE(ours(path));
    const std::string facts = (folder / "facts").string();
    ASSERT_EQ(std::system(("ffprobe -v error -count_frames -show_entries "
                           "stream=width,height,nb_read_frames -of csv=p=0 '" +
                           path.string() + "' > '" + facts + "'")
                              .c_str()),
              0);
    const std::vector<uint8_t> said = read_bytes(facts);
    EXPECT_EQ(std::string(said.begin(), said.end()).substr(0, 10), "512,512,10");
  }
}

}  // namespace
}  // namespace pg
