// minibatches_test.cpp: ends of epochs, repeats, fades of bytes, labels.
#include "model/run/minibatches.h"

#include <gtest/gtest.h>

#include <numeric>

#include "data/sets/build.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

constexpr int64_t kImages = 20, kMinibatch = 8;

class MinibatchesTest : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    BuildOptions options;
    options.resolution = 8;
    build_dataset(*open_source("builtin:shapes:20"), "builtin:shapes:20", folder_ / "set", options);
    dataset_ = std::make_unique<Dataset>(folder_ / "set");
    config_.model.conditioning = Conditioning::acgan;
    config_.model.label_size = 6;
    point_.fade.resolution = 8;
    point_.minibatch = kMinibatch;
  }

  // Sizes and first positions of the minibatches of two epochs.
  std::vector<std::pair<int64_t, uint64_t>> walk(LastBatch rule) {
    config_.schedule.last_batch = rule;
    Minibatches all(*dataset_, config_);
    std::vector<std::pair<int64_t, uint64_t>> seen;
    while (all.position() < 2 * kImages) {
      const int64_t n = all.at(point_).count();
      seen.emplace_back(n, all.position());
      all.advance();
    }
    return seen;
  }

  std::vector<uint8_t> pixels(const RealImages& reals) const {
    return {reals.images.begin(), reals.images.end()};
  }

  std::unique_ptr<Dataset> dataset_;
  Config config_;
  SchedulePoint point_;
};

using Seen = std::vector<std::pair<int64_t, uint64_t>>;

TEST_F(MinibatchesTest, AcrossTakesTheRestFromTheNextEpoch) {
  EXPECT_EQ(walk(LastBatch::across), (Seen{{8, 0}, {8, 8}, {8, 16}, {8, 24}, {8, 32}}));
}

TEST_F(MinibatchesTest, DropSkipsAnIncompleteOne) {
  EXPECT_EQ(walk(LastBatch::drop), (Seen{{8, 0}, {8, 8}, {8, 20}, {8, 28}, {8, 40}}));
}

TEST_F(MinibatchesTest, KeepReturnsASmallerOne) {
  EXPECT_EQ(walk(LastBatch::keep), (Seen{{8, 0}, {8, 8}, {4, 16}, {8, 20}, {8, 28}, {4, 36}}));
}

TEST_F(MinibatchesTest, AreTheSameUntilAdvancedAndAfterSeek) {
  Minibatches all(*dataset_, config_);
  const std::vector<uint8_t> first = pixels(all.at(point_));
  EXPECT_EQ(pixels(all.at(point_)), first);
  all.advance();
  EXPECT_NE(pixels(all.at(point_)), first);
  all.seek(0);
  EXPECT_EQ(pixels(all.at(point_)), first);
}

TEST_F(MinibatchesTest, LabelsBelongToTheImagesAndDifferForTheGenerator) {
  Minibatches all(*dataset_, config_);
  bool differ = false;
  std::vector<int64_t> real(6, 0), generated(6, 0);
  for (int64_t i = 0; i < 5; ++i) {  // 40 images: two epochs
    const RealImages& r = all.at(point_);
    for (int64_t k = 0; k < r.count(); ++k) {
      const auto i_k = static_cast<size_t>(k);
      differ = differ || r.labels[i_k] != r.g_labels[i_k];
      ++real[static_cast<size_t>(r.labels[i_k])];
      ++generated[static_cast<size_t>(r.g_labels[i_k])];
    }
    all.advance();
  }
  EXPECT_TRUE(differ);
  EXPECT_EQ(real, generated);  // over whole epochs: the same frequencies
}

TEST(FadeBytes, TruncatesTheBlendWithTheBlockMean) {
  // One 2x2 image of two channels: means 10 and 101.5.
  std::vector<uint8_t> x = {0, 100, 10, 101, 10, 102, 20, 103};
  fade_bytes(x, 2, 2, 0.25);
  // x / 4 + mean * 3 / 4, truncated: 7.5, 101.125, 10, 101.375, 10, 101.625, 12.5, 101.875
  EXPECT_EQ(x, (std::vector<uint8_t>{7, 101, 10, 101, 10, 101, 12, 101}));
}

}  // namespace
}  // namespace pg
