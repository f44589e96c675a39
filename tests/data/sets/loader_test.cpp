// loader_test.cpp: the stream of training images depends only on the position.
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "data/sets/build.h"
#include "data/sets/loader.h"
#include "data/sets/shuffle.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

TEST(Shuffle, EveryEpochDrawsEachImageOnce) {
  for (const int64_t count : {1, 2, 3, 5, 64, 65, 100, 1000, 4097}) {
    for (uint64_t epoch = 0; epoch < 3; ++epoch) {
      std::set<int64_t> seen;
      for (int64_t p = 0; p < count; ++p) {
        seen.insert(shuffled_index(
            7, count, epoch * static_cast<uint64_t>(count) + static_cast<uint64_t>(p)));
      }
      EXPECT_EQ(static_cast<int64_t>(seen.size()), count);
      EXPECT_EQ(*seen.begin(), 0);
      EXPECT_EQ(*seen.rbegin(), count - 1);
    }
  }
}

TEST(Shuffle, EpochsAndSeedsDiffer) {
  const auto order = [](uint64_t seed, uint64_t epoch) {
    std::vector<int64_t> indices;
    for (uint64_t p = 0; p < 100; ++p)
      indices.push_back(shuffled_index(seed, 100, epoch * 100 + p));
    return indices;
  };
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  EXPECT_NE(order(1, 0), order(2, 0));
}

// The place of image 0 must be uniform: chi-squared over 20 places, 19 degrees of freedom; 43.8 is
// exceeded once in a thousand, and the seed is fixed.
TEST(Shuffle, PlacesAreUniform) {
  constexpr uint64_t kCount = 20, kEpochs = 4000;
  std::vector<double> hits(kCount);
  for (uint64_t epoch = 0; epoch < kEpochs; ++epoch) {
    for (uint64_t p = 0; p < kCount; ++p) {
      if (shuffled_index(3, kCount, epoch * kCount + p) == 0) hits[p] += 1;
    }
  }
  const double expected = double{kEpochs} / double{kCount};
  double chi = 0;
  for (const double h : hits) chi += (h - expected) * (h - expected) / expected;
  EXPECT_LT(chi, 43.8);
}

TEST(Shuffle, CoinIsFair) {
  int64_t heads = 0;
  for (uint64_t p = 0; p < 10000; ++p) heads += mirror_coin(5, p);
  EXPECT_NEAR(static_cast<double>(heads), 5000, 200);  // four standard deviations
}

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() {
    build_dataset(*open_source("builtin:shapes:50"), "x", folder_ / "set", {.resolution = 16});
    dataset_.emplace(folder_ / "set");
  }

  // Positions, labels, mirror flags and pixels of the next `total` images in minibatches of n.
  std::vector<uint8_t> draw(Loader& loader, int64_t resolution, int64_t n, int64_t total) {
    std::vector<uint8_t> bytes;
    for (int64_t done = 0; done < total; done += n) {
      const Batch& batch = loader.next(resolution, n);
      EXPECT_EQ(batch.n, n);
      EXPECT_EQ(batch.resolution, resolution);
      EXPECT_EQ(batch.position + static_cast<uint64_t>(n), loader.position());
      const size_t size = batch.images.size() / static_cast<size_t>(n);
      for (size_t k = 0; k < static_cast<size_t>(n); ++k) {
        bytes.push_back(batch.mirror[k]);
        bytes.push_back(static_cast<uint8_t>(batch.labels[k]));
        bytes.insert(bytes.end(), batch.images.begin() + static_cast<int64_t>(k * size),
                     batch.images.begin() + static_cast<int64_t>((k + 1) * size));
      }
    }
    return bytes;
  }

  TempFolder folder_;
  std::optional<Dataset> dataset_;
};

TEST_F(LoaderTest, StreamFollowsThePositions) {
  Loader loader(*dataset_, {.seed = 4, .mirror = Mirror::yes});
  uint64_t p = 0;
  for (int round = 0; round < 9; ++round) {  // 63 images: across the end of an epoch
    const Batch& batch = loader.next(8, 7);
    EXPECT_EQ(batch.position, p);
    for (size_t k = 0; k < 7; ++k, ++p) {
      const int64_t index = shuffled_index(4, 50, p);
      const auto want = dataset_->image(8, index);
      EXPECT_TRUE(std::equal(want.begin(), want.end(),
                             batch.images.begin() + static_cast<int64_t>(k * want.size())));
      EXPECT_EQ(batch.labels[k], dataset_->label(index));
      EXPECT_EQ(batch.mirror[k], mirror_coin(4, p));
    }
  }
}

TEST_F(LoaderTest, BatchSizeDepthAndTimingDoNotMatter) {
  Loader one(*dataset_, {.seed = 1, .mirror = Mirror::yes});
  const std::vector<uint8_t> want = draw(one, 16, 4, 120);
  Loader other(*dataset_, {.seed = 1, .mirror = Mirror::yes, .depth = 1});
  EXPECT_EQ(draw(other, 16, 12, 120), want);
  Loader slow(*dataset_, {.seed = 1, .mirror = Mirror::yes});
  std::vector<uint8_t> got;
  for (int part = 0; part < 10; ++part) {
    if (part % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const auto bytes = draw(slow, 16, part % 2 == 0 ? 6 : 3, 12);
    got.insert(got.end(), bytes.begin(), bytes.end());
  }
  EXPECT_EQ(got, want);
}

// Sets built and minibatches drawn by any number of threads at once.
TEST_F(LoaderTest, ThreadsDoNotMatter) {
  Loader alone(*dataset_, {.seed = 6, .mirror = Mirror::yes});
  const std::vector<uint8_t> want = draw(alone, 16, 8, 120);
  for (const int64_t threads : {1, 2, 7}) {
    const fs::path set = folder_ / message("set", threads);
    build_dataset(*open_source("builtin:shapes:50"), "x", set,
                  {.resolution = 16, .threads = threads});
    const Dataset dataset(set);
    std::vector<std::vector<uint8_t>> got(static_cast<size_t>(threads));
    std::vector<std::thread> readers;
    for (std::vector<uint8_t>& bytes : got) {
      readers.emplace_back([&] {
        Loader loader(dataset, {.seed = 6, .mirror = Mirror::yes});
        bytes = draw(loader, 16, 8, 120);
      });
    }
    for (std::thread& reader : readers) reader.join();
    for (const std::vector<uint8_t>& bytes : got) EXPECT_EQ(bytes, want) << threads;
  }
}

TEST_F(LoaderTest, ChangedRequestsContinueTheStream) {
  Loader loader(*dataset_, {.seed = 1});
  Loader reference(*dataset_, {.seed = 1});
  draw(loader, 4, 5, 25);
  const auto first = draw(loader, 16, 3, 9);
  reference.seek(25);
  EXPECT_EQ(draw(reference, 16, 9, 9), first);
}

TEST_F(LoaderTest, ResumeAtAnyPositionIsExact) {
  Loader whole(*dataset_, {.seed = 9, .mirror = Mirror::yes});
  draw(whole, 8, 8, 88);
  const uint64_t position = whole.position();
  const auto want = draw(whole, 8, 8, 80);
  Loader resumed(*dataset_, {.seed = 9, .mirror = Mirror::yes});
  resumed.seek(position);
  EXPECT_EQ(draw(resumed, 8, 8, 80), want);
  resumed.seek(position);  // and back, during prefetching
  EXPECT_EQ(draw(resumed, 8, 8, 80), want);
}

TEST_F(LoaderTest, MinibatchMayExceedTheSet) {
  Loader loader(*dataset_, {.seed = 2});
  const Batch& batch = loader.next(4, 120);
  std::map<int32_t, int> counts;
  for (const int32_t label : batch.labels) ++counts[label];
  EXPECT_EQ(batch.images.size(), 120u * 4 * 4 * 3);
  EXPECT_GT(counts.size(), 1u);
}

TEST_F(LoaderTest, WithoutMirrorNoImageIsFlagged) {
  Loader loader(*dataset_, {.seed = 2});
  for (const uint8_t flag : loader.next(4, 50).mirror) EXPECT_EQ(flag, 0);
}

TEST_F(LoaderTest, BadRequestsAreUsageErrorsAndChangeNothing) {
  Loader loader(*dataset_, {.seed = 2});
  EXPECT_HAS(error_of<UsageError>([&] { loader.next(32, 4); }), "32x32");
  EXPECT_HAS(error_of<UsageError>([&] { loader.next(8, 0); }), "minibatch of 0");
  EXPECT_HAS(error_of<UsageError>([&] { Loader(*dataset_, {.depth = 0}); }), "0 minibatches");
  EXPECT_EQ(loader.next(8, 4).position, 0u);
}

}  // namespace
}  // namespace pg::testing
