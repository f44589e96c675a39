// stale_data_test.cpp: images that change during a build or between runs, and damaged levels.
#include <algorithm>
#include <map>
#include <thread>

#include "data/files/file_stamp.h"
#include "data/sets/cache.h"
#include "data/sets/identity.h"
#include "data/sets/verification.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

// Other bytes with the same length and modification time.
void replace_quietly(const fs::path& file, size_t at) {
  const auto time = fs::last_write_time(file);
  std::vector<uint8_t> bytes = read_bytes(file);
  bytes.at(at) ^= 1;
  write_bytes(file, bytes);
  fs::last_write_time(file, time);
}

class StaleData : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.cache_folder = folder_ / "cache";
    options_.build.resolution = 8;
    options_.built = [this](const BuildReport&) { ++builds_; };
    for (uint64_t i = 0; i < 4; ++i) {
      write_image(raw_ / (std::to_string(i) + ".png"), random_image(8, 8, 3, i));
    }
  }

  Dataset open() { return open_or_build(raw_.string(), options_); }
  std::string fingerprint() { return open_source(raw_.string())->fingerprint(); }

  TempFolder folder_;
  const fs::path raw_ = folder_ / "raw";
  OpenOptions options_;
  int builds_ = 0;
};

TEST_F(StaleData, ImagesChangedDuringABuildAreNotKept) {
  BuildOptions options{.resolution = 8};
  options.progress = [&](const BuildProgress& p) {
    if (p.done == p.total) write_image(raw_ / "0.png", random_image(8, 8, 3, 9));
  };
  const auto source = open_source(raw_.string());
  EXPECT_HAS(error_of<ImagesChangedError>(
                 [&] { build_dataset(*source, "raw", folder_ / "set", options); }),
             "the images of raw changed while they were read; start again");
  EXPECT_FALSE(fs::exists(folder_ / "set"));
}

TEST_F(StaleData, TheCacheReadsChangedImagesOnceMore) {
  int changes = 0;
  options_.build.progress = [&](const BuildProgress& p) {
    if (p.done == p.total && changes++ == 0) {
      write_image(raw_ / "0.png", flat_image(8, {1, 2, 3}));
      write_image(raw_ / "new.png", flat_image(8, {4, 5, 6}));
    }
  };
  const Dataset dataset = open();
  EXPECT_EQ(dataset.count(), 5);
  EXPECT_EQ(dataset.image(4, 0)[1], 2);
  EXPECT_EQ(open().image(4, 0)[1], 2);
  EXPECT_EQ(builds_, 1);
}

TEST_F(StaleData, ImagesThatKeepChangingAreAnError) {
  uint64_t seed = 100;
  options_.build.progress = [&](const BuildProgress& p) {
    if (p.done == p.total) write_image(raw_ / "0.png", random_image(8, 8, 3, seed++));
  };
  EXPECT_HAS(error_of<ImagesChangedError>([&] { open(); }), "changed while they were read");
  EXPECT_EQ(builds_, 0);
}

TEST_F(StaleData, LabelsReadBeforeTheyChangeAreNotKept) {
  write_text(raw_ / "dataset.json",
             R"({"labels": [["0.png", 0], ["1.png", 1], ["2.png", 0], ["3.png", 1]]})");
  const auto source = open_source(raw_.string());
  write_text(raw_ / "dataset.json",
             R"({"labels": [["0.png", 1], ["1.png", 0], ["2.png", 1], ["3.png", 0]]})");
  EXPECT_NE(source->fingerprint(), fingerprint());
}

TEST_F(StaleData, FingerprintFollowsImagesReplacedAtEqualSizeAndTime) {
  const std::string before = fingerprint();
  EXPECT_EQ(fingerprint(), before);
  replace_quietly(raw_ / "2.png", 60);
  EXPECT_NE(fingerprint(), before);
}

TEST_F(StaleData, FingerprintOfEveryKindFollowsReplacedFiles) {
  const Image noise = random_image(5 * 3, 4, 1);
  write_bytes(folder_ / "images-idx3-ubyte", idx_bytes({5, 3, 4}, noise.pixels));
  write_bytes(folder_ / "labels-idx1-ubyte", idx_bytes({5}, std::vector<uint8_t>{5, 0, 4, 1, 9}));
  write_bytes(folder_ / "cifar/data_batch_1.bin", std::vector<uint8_t>(3073 * 2, 1));
  write_text(folder_ / "cifar/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
  const std::map<std::string, std::string> sources = {{"images-idx3-ubyte", "images-idx3-ubyte"},
                                                      {"labels-idx1-ubyte", "images-idx3-ubyte"},
                                                      {"cifar/data_batch_1.bin", "cifar"},
                                                      {"cifar/batches.meta.txt", "cifar"}};
  for (const auto& [file, source] : sources) {
    const auto print = [&] { return open_source((folder_ / source).string())->fingerprint(); };
    const std::string before = print();
    EXPECT_EQ(print(), before) << file;
    replace_quietly(folder_ / file, fs::file_size(folder_ / file) - 2);
    EXPECT_NE(print(), before) << file;
  }
}

TEST(FileStamp, SamplesReachTheStartTheMiddleAndTheEnd) {
  const TempFolder folder;
  std::vector<uint8_t> bytes(100000, 7);
  const auto samples = [&](int64_t blocks) {
    write_bytes(folder / "file", bytes);
    NameHash hash;
    add_samples(hash, folder / "file", blocks);
    return hash.hex();
  };
  const std::string before = samples(3);
  for (const size_t at : {0, 4095, 49000, 96000, 99999}) {
    bytes[at] ^= 1;
    EXPECT_NE(samples(3), before) << at;
    bytes[at] ^= 1;
  }
  bytes.resize(5000);  // read as a whole
  const std::string all = samples(3);
  bytes[4500] ^= 1;
  EXPECT_NE(samples(3), all);
}

TEST(FileStamp, AFileChangedSinceItWasOpenedEqualsNoLaterOne) {
  const TempFolder folder;
  write_text(folder / "file", "old");
  const WatchedFile opened(folder / "file");
  const std::string before = opened.text();
  EXPECT_EQ(WatchedFile(folder / "file").text(), before);
  write_text(folder / "file", "newer");
  EXPECT_NE(opened.text(), before);
  EXPECT_NE(opened.text(), WatchedFile(folder / "file").text());
  EXPECT_EQ(WatchedFile(folder / "none").text(), WatchedFile(folder / "none").text());
}

class DamagedLevel : public StaleData {
 protected:
  void SetUp() override {
    StaleData::SetUp();
    options_.verify = [](const Dataset& dataset) {
      dataset.verify_labels();
      dataset.verify_level(8);
    };
    options_.damaged = [this](const std::string& reason) { damage_ += reason; };
  }

  static void zero_pixels(const fs::path& level) {
    std::vector<uint8_t> bytes = read_bytes(level);
    std::fill(bytes.begin() + 150, bytes.begin() + 250, uint8_t{0});
    write_bytes(level, bytes);
  }

  std::string damage_;
};

TEST_F(DamagedLevel, IsBuiltAgainInTheCache) {
  const fs::path cached = open().folder();
  const std::vector<uint8_t> good = read_bytes(cached / "r0008.npy");
  zero_pixels(cached / "r0008.npy");
  EXPECT_EQ(open().origin(), Origin::cached);
  EXPECT_EQ(builds_, 2);
  EXPECT_EQ(read_bytes(cached / "r0008.npy"), good);
  EXPECT_HAS(damage_, "r0008.npy is damaged: its checksum differs from dataset.json");
}

TEST_F(DamagedLevel, ThatIsNotNeededDoesNotMatter) {
  zero_pixels(open().folder() / "r0004.npy");
  open();
  EXPECT_EQ(builds_, 1);
}

TEST_F(DamagedLevel, IsAnErrorInAFolderOfTheUser) {
  build_dataset(*open_source(raw_.string()), "raw", folder_ / "set", {.resolution = 8});
  zero_pixels(folder_ / "set/r0008.npy");
  EXPECT_HAS(error_of<FormatError>([&] { open_or_build((folder_ / "set").string(), options_); }),
             "build the data set again");
}

TEST_F(DamagedLevel, FoundInTheBackgroundStopsReadingAndIsBuiltAgain) {
  options_.verify = {};
  {
    const Dataset dataset = open();
    zero_pixels(dataset.folder() / "r0008.npy");
    const BackgroundVerification verification(dataset, {4, 8},
                                              [&](const std::string&) { forget_cached(dataset); });
    std::string found;
    while (found.empty()) {
      try {
        dataset.image(4, 0);
      } catch (const FormatError& error) {
        found = error.what();
      }
    }
    EXPECT_HAS(found, "r0008.npy is damaged");
    EXPECT_FALSE(verification.done());
  }
  open();
  EXPECT_EQ(builds_, 2);
  open();
  EXPECT_EQ(builds_, 2);
}

TEST_F(DamagedLevel, NoneLetsTheBackgroundEnd) {
  const Dataset dataset = open();
  const BackgroundVerification verification(dataset, {4, 8}, {});
  while (!verification.done()) std::this_thread::yield();
  EXPECT_EQ(dataset.image(8, 0).size(), 192u);
}

TEST_F(DamagedLevel, LevelsAreSplitInTheOrderOfNeed) {
  const Dataset dataset = open();
  const int64_t bytes = dataset.level_bytes(4);
  const NeededLevels needed = split_levels(dataset, {4, 8}, bytes);
  EXPECT_EQ(needed.now, std::vector<int64_t>{4});
  EXPECT_EQ(needed.later, std::vector<int64_t>{8});
  EXPECT_EQ(split_levels(dataset, {8, 4}, bytes).later, (std::vector<int64_t>{8, 4}));
}

TEST_F(StaleData, IdentityFollowsImagesAndClassesOnly) {
  const auto identity = [&](int64_t resolution) {
    options_.build.resolution = resolution;
    return data_identity(open(), resolution);
  };
  const std::string at_8 = identity(8), at_4 = identity(4);
  EXPECT_EQ(identity(8), at_8);
  EXPECT_NE(at_4, at_8);
  EXPECT_TRUE(is_same_data(at_4, at_8));  // made from the same files
  fs::last_write_time(raw_ / "0.png", fs::last_write_time(raw_ / "0.png") - std::chrono::hours(1));
  EXPECT_TRUE(is_same_data(identity(8), at_8));  // the same pixels
  write_image(raw_ / "0.png", random_image(8, 8, 3, 77));
  EXPECT_FALSE(is_same_data(identity(8), at_8));
}

TEST(ClassList, HoldsEveryName) {
  const std::vector<std::vector<std::string>> lists = {
      {}, {"cats", "dogs"}, {"a/b", "c\\d", "\\", "/", "e\\/f"}, {"", "x"}, {"x", ""}};
  for (const std::vector<std::string>& names : lists) {
    EXPECT_EQ(split_class_list(class_list(names)), names) << class_list(names);
  }
  EXPECT_EQ(class_list(lists[1]), "cats/dogs");
  EXPECT_EQ(split_class_list("c\\d/e"), (std::vector<std::string>{"c\\d", "e"}));
  EXPECT_EQ(split_class_list(class_list(std::vector<std::string>(9999, "name"))).size(), 1u);
}

}  // namespace
}  // namespace pg::testing
