// video_test.cpp: videos that commands write.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "data/formats/own_file.h"
#include "data/images/image.h"
#include "data/video/frame.h"
#include "tests/apps/program.h"
#include "tests/data/video/video_file.h"
#include "tests/paths.h"

namespace pg::test {
namespace {

namespace fs = std::filesystem;

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

// One short run for all tests.
class Video : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    box_ = new Sandbox;
    ASSERT_EQ(box_->run(tiny()).code, 0);
  }
  static void TearDownTestSuite() { delete box_; }

  void SetUp() override { fs::remove_all(box() / "out"); }

  static Sandbox& box() { return *box_; }
  static Outcome interpolate(const std::string& options, const std::string& before = "") {
    return box().run("interpolate --from 0 " + options, before);
  }

  // Replaces ffmpeg by this script; the result goes before the program.
  static std::string with_ffmpeg(const std::string& script) {
    box().write("bin/ffmpeg", "#!/bin/sh\nfor last; do :; done\nfile=${last#file:}\n" + script);
    fs::permissions(box() / "bin/ffmpeg", fs::perms(0755));
    return "PATH=\"$PWD/bin:/usr/bin:/bin\"";
  }

  static inline Sandbox* box_ = nullptr;
};

TEST_F(Video, WebmOfInterpolateHasTheFramesAndTheDurationAskedFor) {
  const Outcome o = interpolate("--seconds 0.6 --fps 20 --grid 2x3 --out out/new/walk.webm");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "out/new/walk.webm: 0.6 s, 12 frames of 768x512\n");
  const auto webm = pg::testing::WebmParser(box().read("out/new/walk.webm")).content();
  EXPECT_EQ(webm.frames.size(), 12U);
  EXPECT_EQ(webm.duration, 600.0);
  EXPECT_EQ(webm.width, 768U);
  EXPECT_EQ(webm.height, 512U);
}

TEST_F(Video, FramesAreThoseOfTheFolderInEveryKind) {
  ASSERT_EQ(interpolate("--seconds 0.2 --fps 10 --out out/frames").code, 0);
  EXPECT_TRUE(pg::is_own_png(box() / "out/frames/frame000001.png"));
  const Outcome o =
      interpolate("--seconds 0.2 --fps 10 --out out/a.mkv", with_ffmpeg("cat > \"$file\"\n"));
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(box().read("out/a.mkv").size(), 2U * 512 * 512 * 3 + 13);  // and our mark
}

TEST_F(Video, SeedsAreTheImagesOfGenerateAndTheEndMeetsTheStart) {
  ASSERT_EQ(box().run("generate --from 0 --seeds 3,5 --out out/images").code, 0);
  const Outcome o = interpolate("--seeds 3,5 --seconds 1 --fps 4 --out out/frames");
  ASSERT_EQ(o.code, 0) << o.err;
  const auto frame = [&](const char* name) { return box().read(std::string("out/") + name); };
  EXPECT_EQ(frame("frames/frame000000.png"), frame("images/seed000003.png"));
  EXPECT_EQ(frame("frames/frame000002.png"), frame("images/seed000005.png"));
  EXPECT_EQ(frame("frames/frame000001.png"), frame("frames/frame000003.png"));  // there and back
  EXPECT_EQ(interpolate("--seeds 3 --out out/b").code, 2);
  EXPECT_EQ(interpolate("--seeds 3,5 --seed 1 --out out/b").code, 2);
}

TEST_F(Video, WithoutFfmpegOneSentenceSaysWhatToDo) {
  const Outcome o = interpolate("--seconds 1 --out out/new/a.mp4", "PATH=/nowhere");
  EXPECT_EQ(o.code, 2);
  EXPECT_EQ(o.err,
            "progan_cuda: writing .mp4 needs the program ffmpeg, which is not in PATH; install "
            "ffmpeg, or write a .webm or .webp file\n");
  EXPECT_FALSE(fs::exists(box() / "out"));
}

TEST_F(Video, AFailureOfFfmpegIsReportedByItsLastLine) {
  const Outcome o = interpolate("--seconds 1 --out out/new/a.mp4",
                                with_ffmpeg("echo 'Unknown encoder' >&2\nexit 1\n"));
  EXPECT_EQ(o.code, 1);
  EXPECT_HAS(o.err, "ffmpeg cannot write out/new/a.mp4: Unknown encoder; ");
  EXPECT_EQ(std::count(o.err.begin(), o.err.end(), '\n'), 1) << o.err;
  EXPECT_FALSE(fs::exists(box() / "out"));
}

TEST_F(Video, AnInterruptionKeepsTheFramesSoFar) {
  const std::string ffmpeg = with_ffmpeg(
      "printf '0000ftyp' > \"$file\"\nhead -c 100 >> \"$file\"\ntouch begun\ncat >> \"$file\"\n");
  fs::remove(box() / "begun");
  const std::string command =
      "cd '" + box().path().string() + "' && { " + ffmpeg + " '" + program() +
      "' interpolate --from 0 --seconds 3600 --out out/a.mp4 2>err.txt & pid=$!; "
      "until [ -e begun ] || ! kill -0 $pid; do sleep 0.02; done; kill -TERM $pid; wait $pid; }";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  const std::string error = box().read("err.txt");
  EXPECT_HAS(error, "stopped after ");
  EXPECT_HAS(error, " of 108000 frames, which are in out/a.mp4");
  EXPECT_TRUE(pg::is_own_mp4(box() / "out/a.mp4"));
  EXPECT_EQ(std::distance(fs::directory_iterator(box() / "out"), fs::directory_iterator()), 1);
}

TEST_F(Video, TimelapseShowsTheSampleImagesOfARun) {
  const Outcome o = box().run("timelapse 0 --seconds 1 --fps 20 --latents 1x2 --out out/a.webm");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "out/a.webm: 1 s, 20 frames of 1024x512\n");
  EXPECT_EQ(o.err, "");
  const auto webm = pg::testing::WebmParser(box().read("out/a.webm")).content();
  EXPECT_EQ(webm.frames.size(), 20U);
  const Outcome missing = box().run("timelapse 0 --latents 3x1 --out out/b.webm");
  EXPECT_EQ(missing.code, 2);
  EXPECT_HAS(missing.err, "--latents: expected at most 2x2, ");
  EXPECT_HAS(box().run("help timelapse").out, "--latents RxC ");  // of generate: FILE
}

// The last frame is the last sample image, enlarged; generated again, it is the same.
TEST_F(Video, TimelapseEndsWithTheTrainersImages) {
  const std::string same = " --seconds 0.8 --fps 10 --overlay none ";
  ASSERT_EQ(box().run("timelapse 0" + same + "--out out/a").code, 0);
  const Outcome o = box().run("timelapse 0 --from-checkpoints" + same + "--out out/b");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err, "");
  EXPECT_TRUE(box().read("out/a/frame000007.png") == box().read("out/b/frame000007.png"));
  const Image frame = decode_file(box() / "out/a/frame000007.png");
  const fs::path run = fs::directory_iterator(box() / "runs")->path();
  const Image sample = decode_file(run / "fakes000000.128.png");
  ASSERT_EQ(frame.height, 512);
  ASSERT_EQ(sample.height, 16);
  EXPECT_TRUE(frame.pixels == enlarged(sample, 32).pixels);
}

TEST_F(Video, TimelapseNeedsARunWithSampleImages) {
  fs::create_directories(box() / "out");
  const Outcome none = box().run("timelapse out");
  EXPECT_EQ(none.code, 2) << none.err;
  EXPECT_HAS(none.err, "'out' is not a run folder");
  const Outcome unknown = box().run("timelapse 7");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_HAS(unknown.err, "'7': expected a run folder or a run in 'runs'");
  EXPECT_FALSE(fs::exists(box() / "growth.webm"));
}

}  // namespace
}  // namespace pg::test
