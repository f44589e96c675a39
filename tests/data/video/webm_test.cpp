// webm_test.cpp: WebM files as an independent parser and the decoder of libvpx read them.
#include <algorithm>
#include <cmath>

#include "data/formats/own_file.h"
#include "data/video/video.h"
#include "data/video/vp9_encoder.h"
#include "data/video/webm_file.h"
#include "tests/data/support.h"
#include "tests/data/video/video_file.h"

namespace pg {
namespace {

using namespace testing;

// A colour that changes from frame to frame, with a bright square that moves.
Image test_frame(int64_t t, int64_t side = 64) {
  Image image{side, side, 3, {}};
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t x = 0; x < side; ++x) {
      const bool inside = std::abs(x - t % side) < 8 && std::abs(y - 20) < 8;
      image.pixels.push_back(inside ? 240 : static_cast<uint8_t>(40 + 2 * t));
      image.pixels.push_back(inside ? 200 : 90);
      image.pixels.push_back(static_cast<uint8_t>(150 - t));
    }
  }
  return image;
}

WebmContent parsed(const fs::path& path) {
  const std::vector<uint8_t> bytes = read_bytes(path);
  return WebmParser({bytes.begin(), bytes.end()}).content();
}

void write_frames(const fs::path& path, int64_t count, double fps, int64_t side = 64) {
  const auto video = open_video(path, VideoKind::webm, {.height = side, .width = side, .fps = fps});
  for (int64_t t = 0; t < count; ++t) video->add(test_frame(t, side));
  video->finish();
}

TEST(Webm, HoldsWhatPlayersNeed) {
  const TempFolder folder;
  const fs::path path = folder / "a.webm";
  write_frames(path, 40, 25.0);
  const WebmContent c = parsed(path);
  EXPECT_EQ(c.doc_type, "webm");
  EXPECT_EQ(c.codec, "V_VP9");
  EXPECT_EQ(c.writer, "progan_cuda");
  EXPECT_TRUE(c.segment_is_sized);
  EXPECT_EQ(c.duration, 1600.0);
  EXPECT_EQ(c.width, 512U);
  EXPECT_EQ(c.height, 512U);
  EXPECT_EQ(c.matrix, 1U);  // BT.709
  EXPECT_EQ(c.range, 1U);   // studio
  ASSERT_EQ(c.frames.size(), 40U);
  for (size_t i = 0; i < c.frames.size(); ++i) {
    EXPECT_NEAR(c.frames[i].seconds, static_cast<double>(i) / 25.0, 0.0005);
  }
  EXPECT_TRUE(is_own_matroska(path));
}

TEST(Webm, CuesAndSeekHeadLeadToTheirElements) {
  const TempFolder folder;
  const fs::path path = folder / "a.webm";
  write_frames(path, 65, 30.0, 16);
  const WebmContent c = parsed(path);
  ASSERT_EQ(c.cues.size(), c.clusters.size());
  EXPECT_GE(c.cues.size(), 3U);  // a key frame at least every 30 frames
  for (size_t i = 0; i < c.cues.size(); ++i) {
    EXPECT_EQ(c.cues[i].cluster, c.clusters[i]);
    const auto at = [&](const StoredFrame& f) {
      return std::lround(f.seconds * 1000.0) == static_cast<int64_t>(c.cues[i].milliseconds);
    };
    const auto frame = std::ranges::find_if(c.frames, at);
    ASSERT_NE(frame, c.frames.end());
    EXPECT_TRUE(frame->is_key);
  }
  ASSERT_EQ(c.seek_head.size(), 3U);
  for (const auto& entry : c.seek_head) EXPECT_EQ(std::ranges::count(c.top, entry), 1);
}

TEST(Webm, FramesLookLikeTheImages) {
  const TempFolder folder;
  const fs::path path = folder / "a.webm";
  write_frames(path, 35, 30.0);
  const std::vector<Image> frames = decode_vp9(parsed(path).frames);
  ASSERT_EQ(frames.size(), 35U);
  for (int64_t t = 0; t < 35; ++t) {
    const Image sent = test_frame(t);
    const Image& got = frames[static_cast<size_t>(t)];
    ASSERT_EQ(got.height, 512);
    for (const int64_t place : {3, 60}) {  // flat colour, in single pixels of the image
      for (int64_t ch = 0; ch < 3; ++ch) {
        const auto at = static_cast<size_t>((place * 8 * 512 + place * 8) * 3 + ch);
        const auto from = static_cast<size_t>((place * 64 + place) * 3 + ch);
        ASSERT_NEAR(got.pixels[at], sent.pixels[from], 3) << "frame " << t;
      }
    }
  }
}

TEST(Webm, ACutOffFilePlaysUpToThere) {
  const TempFolder folder;
  const fs::path path = folder / "a.webm";
  write_frames(path, 65, 30.0, 16);
  const std::vector<uint8_t> bytes = read_bytes(path);
  const WebmContent whole = parsed(path);
  const auto second = static_cast<size_t>(whole.clusters.at(2));
  std::string cut(bytes.begin(), bytes.begin() + static_cast<int64_t>(second) + 200);
  // As on the disk before the end is written: the size of the segment is unknown.
  const size_t size_at = cut.find("\x18\x53\x80\x67") + 4;
  cut.replace(size_at, 8, "\x01\xff\xff\xff\xff\xff\xff\xff");
  const WebmContent c = WebmParser(cut).content();
  EXPECT_FALSE(c.segment_is_sized);
  EXPECT_EQ(c.clusters.size(), 2U);
  EXPECT_EQ(decode_vp9(c.frames).size(), c.frames.size());
  EXPECT_GE(c.frames.size(), 30U);
}

TEST(Webm, SlowVideosStartClustersBeforeTheirTimesOverflow) {
  const TempFolder folder;
  const fs::path path = folder / "a.webm";
  WebmFile file(path, {.height = 2, .width = 2, .fps = 0.125});
  const std::string frame = "x";
  for (int i = 0; i < 12; ++i) file.add(bytes_of(frame), i == 0);
  file.finish();
  const WebmContent c = parsed(path);
  ASSERT_EQ(c.frames.size(), 12U);
  for (size_t i = 0; i < 12; ++i) EXPECT_EQ(c.frames[i].seconds, 8.0 * static_cast<double>(i));
  EXPECT_EQ(c.clusters.size(), 3U);  // at 0, 32 and 64 s
  EXPECT_EQ(c.cues.size(), 1U);
}

TEST(Webm, BytesDoNotDependOnTheNumberOfThreads) {
  std::string coded[3];
  for (int threads = 1; threads <= 3; ++threads) {
    std::string& bytes = coded[threads - 1];
    Vp9Encoder encoder(256, 512, 30.0, threads, [&](const Vp9Packet& p) {
      bytes.append(reinterpret_cast<const char*>(p.bytes.data()), p.bytes.size());
    });
    for (uint64_t t = 0; t < 20; ++t) {
      encoder.add(to_i420(enlarged(random_image(16, 32, 3, t / 4), 16)));
    }
    encoder.finish();
  }
  EXPECT_FALSE(coded[0].empty());
  EXPECT_EQ(coded[0], coded[1]);
  EXPECT_EQ(coded[0], coded[2]);
}

TEST(Webm, ExtentsThatVp9CannotHoldAreRejected) {
  const auto sink = [](const Vp9Packet&) {};
  EXPECT_HAS(error_of<UsageError>([&] { Vp9Encoder(16386, 512, 30.0, 1, sink); }), "16386x512");
  EXPECT_HAS(error_of<UsageError>([&] { Vp9Encoder(3, 512, 30.0, 1, sink); }), "3x512");
}

TEST(Webm, NothingIsLeftIfTheVideoIsNotFinished) {
  const TempFolder folder;
  {
    const auto video = open_video((folder / "a.webm").string(), VideoKind::webm,
                                  {.height = 16, .width = 16, .fps = 30.0});
    video->add(test_frame(0, 16));
    EXPECT_HAS(error_of<ShapeError>([&] { video->add(test_frame(0, 32)); }), "32x32");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace pg
