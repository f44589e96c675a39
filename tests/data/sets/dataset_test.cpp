// dataset_test.cpp: building, opening, verifying and caching data sets.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "data/images/resample.h"
#include "data/sets/cache.h"
#include "data/sets/ordered_parallel.h"
#include "data/sources/dataset_json.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

// Six good images of 20x30 in two classes, and four unreadable files.
void fill_folder(const fs::path& folder) {
  for (uint64_t i = 0; i < 6; ++i) {
    write_image(folder / (i % 2 == 0 ? "a" : "b") / ("good" + std::to_string(i) + ".png"),
                random_image(20, 30, 3, i));
  }
  write_text(folder / "a/bad-text.jpg", "words");
  write_text(folder / "a/bad-empty.png", "");
  write_image(folder / "b/bad-cut.png", random_image(40, 40, 3));
  truncate_to(folder / "b/bad-cut.png", 0.4);
  write_text(folder / "b/bad-format.gif", "GIF89a");
}

BuildReport build(const fs::path& from, const fs::path& to, const BuildOptions& options = {}) {
  return build_dataset(*open_source(from.string()), from.string(), to, options);
}

TEST(OrderedParallel, KeepsOrderAndBoundsTheWindow) {
  std::atomic<int64_t> alive = 0, most = 0;
  std::vector<int64_t> seen;
  ordered_parallel(
      {500, 4, 6},
      [&](int64_t i) {
        most = std::max<int64_t>(most, ++alive);
        return i * i;
      },
      [&](int64_t i, int64_t square) {
        --alive;
        EXPECT_EQ(square, i * i);
        seen.push_back(i);
      });
  EXPECT_EQ(seen.size(), 500u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_LE(most, 7);  // the window, and one that is being consumed
}

TEST(OrderedParallel, FirstErrorInOrderWins) {
  const auto work = [](int64_t i) -> int64_t {
    if (i >= 10) throw FormatError(std::to_string(i));
    return i;
  };
  EXPECT_EQ(error_of<FormatError>([&] {
              ordered_parallel({99, 3, 9}, work, [](int64_t, int64_t) {});
            }),
            "10");
  EXPECT_EQ(error_of<IoError>([&] {
              ordered_parallel({9, 3, 9}, work, [](int64_t i, int64_t) {
                if (i == 4) throw IoError("full");
              });
            }),
            "full");
}

TEST(Build, SkipsAndListsUnreadableFiles) {
  const TempFolder folder;
  fill_folder(folder / "raw");
  int64_t reports = 0;
  BuildOptions options;
  options.progress = [&](const BuildProgress& p) {
    ++reports;
    EXPECT_EQ(p.total, 10);
  };
  const BuildReport report = build(folder / "raw", folder / "set", options);
  EXPECT_GE(reports, 1);
  const Manifest& m = report.manifest;
  EXPECT_EQ(m.count, 6);
  EXPECT_EQ(m.resolution, 16);
  EXPECT_EQ(m.channels, 3);
  EXPECT_EQ(m.label_names, (std::vector<std::string>{"a", "b"}));
  ASSERT_EQ(m.rejected.size(), 4u);
  EXPECT_EQ(m.rejected[0].file, "a/bad-empty.png");
  EXPECT_HAS(m.rejected[0].reason, "is empty");
  EXPECT_EQ(m.rejected[1].file, "a/bad-text.jpg");
  EXPECT_EQ(m.rejected[2].file, "b/bad-cut.png");
  EXPECT_EQ(m.rejected[3].file, "b/bad-format.gif");

  const Dataset dataset(folder / "set");
  EXPECT_EQ(dataset.count(), 6);
  EXPECT_EQ(dataset.label_count(), 2);
  EXPECT_EQ(dataset.label(2), 0);
  EXPECT_EQ(dataset.label(3), 1);
  EXPECT_EQ(dataset.manifest().rejected.size(), 4u);
  EXPECT_EQ(dataset.image(8, 5).size(), 8u * 8 * 3);
  double share = 0;
  dataset.verify([&](double s) { share = s; });
  EXPECT_EQ(share, 1.0);
}

// Level R of the pyramid compared with box means of the finest level before rounding, in double.
TEST(Build, LevelsAreExactBoxMeans) {
  const TempFolder folder;
  write_image(folder / "raw/a.png", random_image(64, 64, 3, 3));
  write_image(folder / "raw/b.png", random_image(100, 70, 3, 4));
  build(folder / "raw", folder / "set", {.resolution = 64});
  const Dataset dataset(folder / "set");
  const auto source = open_source((folder / "raw").string());
  for (int64_t i = 0; i < 2; ++i) {
    const FloatImage top = resample_square(source->load(i), 64, Fit::crop);
    for (int64_t r = 4; r <= 64; r *= 2) {
      const int64_t block = 64 / r;
      const auto stored = dataset.image(r, i);
      for (int64_t k = 0; k < r * r * 3; ++k) {
        const int64_t y = k / 3 / r, x = k / 3 % r, c = k % 3;
        double sum = 0;
        for (int64_t dy = 0; dy < block; ++dy) {
          for (int64_t dx = 0; dx < block; ++dx) {
            sum +=
                top.values[static_cast<size_t>(((y * block + dy) * 64 + x * block + dx) * 3 + c)];
          }
        }
        const double mean = sum / static_cast<double>(block * block);
        const double error = std::abs(mean - stored[static_cast<size_t>(k)]);
        // Means of whole numbers over powers of two are exact in f32, ties included.
        const bool exact = i == 0 && stored[static_cast<size_t>(k)] == std::nearbyint(mean);
        ASSERT_TRUE(exact || (i == 1 && error <= 0.5 + 1e-4)) << r << " " << k << " " << mean;
      }
    }
  }
}

TEST(Build, DoesNotDependOnThreads) {
  const TempFolder folder;
  fill_folder(folder / "raw");
  build(folder / "raw", folder / "one", {.threads = 1});
  build(folder / "raw", folder / "many", {.threads = 7});
  for (const char* name : {"r0004.npy", "r0016.npy", "labels.npy", "dataset.json"}) {
    EXPECT_EQ(read_bytes(folder / "one" / name), read_bytes(folder / "many" / name)) << name;
  }
}

TEST(Build, StrictAndNoUsableImageAreErrorsThatLeaveNothing) {
  const TempFolder folder;
  fill_folder(folder / "raw");
  write_text(folder / "worse/a.jpg", "words");
  EXPECT_HAS(error_of<FormatError>(
                 [&] { build(folder / "raw", folder / "set", {.strict = Strict::yes}); }),
             "bad-empty.png");
  EXPECT_HAS(error_of<FormatError>([&] { build(folder / "worse", folder / "set"); }),
             "the only image is not usable: ");
  BuildOptions options;
  options.progress = [](const BuildProgress&) { throw Error("stopped"); };
  EXPECT_EQ(error_of<Error>([&] { build(folder / "raw", folder / "set", options); }), "stopped");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 2);
}

TEST(Build, OptionsOutOfRangeAreUsageErrors) {
  const TempFolder folder;
  const auto source = open_source("builtin:shapes:4");
  const auto fails = [&](const BuildOptions& options) {
    return error_of<UsageError>([&] { build_dataset(*source, "x", folder / "set", options); });
  };
  for (const int64_t resolution : {-4, 2, 48, 100, 2048}) {
    EXPECT_HAS(fails({.resolution = resolution}), "expected a power of two from 4 to 1024");
  }
  EXPECT_HAS(fails({.channels = 5}), "channels: expected 1 (gray), ");
  EXPECT_HAS(fails({.threads = -1}),
             "threads: expected 1 to 1024, or 0 for one per processor, got -1");
}

TEST(Build, ReplacesOnlyDatasets) {
  const TempFolder folder;
  const auto source = open_source("builtin:shapes:4");
  const fs::path out = folder / "set/";  // a trailing slash names the same folder
  build_dataset(*source, "x", out, {.resolution = 8});
  EXPECT_HAS(error_of<UsageError>([&] { build_dataset(*source, "x", out, {}); }), "already exists");
  build_dataset(*source, "x", out, {.resolution = 16, .existing = Existing::replace});
  EXPECT_EQ(Dataset(out).max_resolution(), 16);
  write_text(out / "thesis.txt", "three years of work");
  EXPECT_HAS(error_of<UsageError>(
                 [&] { build_dataset(*source, "x", out, {.existing = Existing::replace}); }),
             "not replaced");
  EXPECT_TRUE(fs::exists(out / "thesis.txt"));
}

TEST(Build, FoldersOfOthersBesideItAreKept) {
  const TempFolder folder;
  write_text(folder / "set.tmp-20240101/holiday.jpg", "a user's");
  write_text(folder / "set.tmp-999999999/holiday.jpg", "above the largest process number");
  build_dataset(*open_source("builtin:shapes:4"), "x", folder / "set", {.resolution = 4});
  EXPECT_TRUE(fs::exists(folder / "set.tmp-20240101/holiday.jpg"));
  EXPECT_TRUE(fs::exists(folder / "set.tmp-999999999/holiday.jpg"));
}

class Damage : public ::testing::Test {
 protected:
  void SetUp() override {
    build_dataset(*open_source("builtin:shapes:8"), "x", set_, {.resolution = 8});
  }
  std::string opening() {
    return error_of<FormatError>([&] { Dataset dataset(set_); });
  }
  TempFolder folder_;
  const fs::path set_ = folder_ / "set";
};

TEST_F(Damage, FlippedByteIsFoundByVerify) {
  std::vector<uint8_t> bytes = read_bytes(set_ / "r0008.npy");
  bytes[200] ^= 1;
  write_bytes(set_ / "r0008.npy", bytes);
  const Dataset dataset(set_);
  EXPECT_HAS(error_of<FormatError>([&] { dataset.verify(); }), "r0008.npy");
}

TEST_F(Damage, ShortFileIsFoundAtOpen) {
  truncate_to(set_ / "r0004.npy", 0.9);
  EXPECT_HAS(opening(), "r0004.npy");
}

TEST_F(Damage, WrongShapeIsFoundAtOpen) {
  fs::copy_file(set_ / "r0004.npy", set_ / "r0008.npy", fs::copy_options::overwrite_existing);
  EXPECT_HAS(opening(), "does not have the shape");
}

TEST_F(Damage, BadDescriptionIsFoundAtOpen) {
  const std::vector<uint8_t> good = read_bytes(set_ / "dataset.json");
  std::string text(good.begin(), good.end());
  write_text(set_ / "dataset.json", text.substr(0, text.size() / 2));
  EXPECT_HAS(opening(), "is not valid JSON");
  write_text(set_ / "dataset.json", "{\"format\": \"something else\"}");
  EXPECT_HAS(opening(), "does not describe");
  std::string changed = text;
  changed.replace(changed.find("\"version\": 1"), 12, "\"version\": 9");
  write_text(set_ / "dataset.json", changed);
  EXPECT_HAS(opening(), "got 9");
  changed = text;
  changed.replace(changed.find("\"resolution\": 8"), 15, "\"resolution\": 9");
  write_text(set_ / "dataset.json", changed);
  EXPECT_HAS(opening(), "impossible extents");
  for (const char* number : {"1e300", "-1e300", "8.5", "18446744073709551615", "true", "\"8\""}) {
    changed = text;
    changed.replace(changed.find("\"resolution\": 8"), 15,
                    std::string("\"resolution\": ") + number);
    write_text(set_ / "dataset.json", changed);
    EXPECT_HAS(opening(), "has no whole number as \"resolution\"");
  }
}

TEST_F(Damage, MissingResolutionIsAUsageError) {
  const Dataset dataset(set_);
  EXPECT_HAS(error_of<UsageError>([&] { dataset.image(16, 0); }), "4 to 8");
  EXPECT_HAS(error_of<UsageError>([&] { dataset.image(6, 0); }), "6x6");
}

class Cache : public ::testing::Test {
 protected:
  Cache() {
    options_.cache_folder = folder_ / "cache";
    options_.built = [this](const BuildReport&) { ++builds_; };
    fill_folder(raw_);
  }
  Dataset open() { return open_or_build(raw_.string(), options_); }

  TempFolder folder_;
  const fs::path raw_ = folder_ / "raw";
  OpenOptions options_;
  int builds_ = 0;
};

TEST_F(Cache, BuildsOnceAndAgainWhenTheFolderChanges) {
  EXPECT_EQ(open().count(), 6);
  EXPECT_EQ(open().count(), 6);
  EXPECT_EQ(builds_, 1);
  write_image(raw_ / "a/new.png", random_image(20, 20, 3));
  EXPECT_EQ(open().count(), 7);
  EXPECT_EQ(builds_, 2);
  fs::remove(raw_ / "a/new.png");
  EXPECT_EQ(open().count(), 6);
  EXPECT_EQ(builds_, 3);
}

// Killed at the first image, with nothing written, and at the last one, with everything written
// except the end.
TEST_F(Cache, KilledBuildsAreNeverUsed) {
  for (const int64_t last : {1, 10}) {
    const pid_t child = ::fork();
    if (child == 0) {
      options_.build.progress = [&](const BuildProgress& p) {
        if (p.done >= last) ::raise(SIGKILL);
      };
      open();
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    for (const auto& entry : fs::directory_iterator(options_.cache_folder)) {
      if (!entry.path().string().ends_with(".lock")) {
        EXPECT_HAS(entry.path().filename().string(), ".progan_cuda-");
        EXPECT_FALSE(is_dataset_folder(entry.path()));
      }
    }
  }
  EXPECT_EQ(open().count(), 6);
  EXPECT_EQ(builds_, 1);
}

TEST_F(Cache, OptionsHaveSeparateDatasets) {
  open();
  options_.build.resolution = 8;
  EXPECT_EQ(open().max_resolution(), 8);
  options_.build.channels = 1;
  EXPECT_EQ(open().channels(), 1);
  EXPECT_EQ(builds_, 3);
}

TEST_F(Cache, OptionsLeftOpenMeanTheirValues) {
  const Dataset first = open();
  options_.build.channels = first.channels();
  options_.build.fit = Fit::crop;
  EXPECT_EQ(open().folder(), first.folder());
  EXPECT_EQ(builds_, 1);
}

TEST_F(Cache, DamagedOnesAreBuiltAgain) {
  const fs::path cached = open().folder();
  truncate_to(cached / "r0008.npy", 0.5);
  EXPECT_EQ(open().count(), 6);
  write_text(cached / "dataset.json", "{");
  EXPECT_EQ(open().count(), 6);
  fs::remove(cached / "dataset.json");
  EXPECT_EQ(open().count(), 6);
  EXPECT_EQ(builds_, 4);
  write_text(cached / "dataset.json", std::string(100000, '['));
  EXPECT_EQ(open().count(), 6);
  EXPECT_EQ(builds_, 5);
}

TEST_F(Cache, BuiltFoldersAreUsedAsTheyAre) {
  build(raw_, folder_ / "set");
  const std::string set = (folder_ / "set").string();
  EXPECT_EQ(open_or_build(set, options_).max_resolution(), 16);
  EXPECT_EQ(builds_, 0);
  options_.build.resolution = 8;
  EXPECT_EQ(open_or_build(set, options_).max_resolution(), 16);
  options_.build.resolution = 32;
  EXPECT_HAS(error_of<UsageError>([&] { open_or_build(set, options_); }), "resolution 32");
}

TEST_F(Cache, UnwritableFolderNamesTheOption) {
  write_text(folder_ / "file", "in the way");
  options_.cache_folder = folder_ / "file/cache";
  EXPECT_HAS(error_of<IoError>([&] { open(); }), "data.cache_folder");
}

TEST_F(Cache, FollowsXdgCacheHome) {
  setenv("XDG_CACHE_HOME", (folder_ / "xdg").c_str(), 1);
  EXPECT_EQ(cache_root({}), folder_ / "xdg/progan_cuda");
  unsetenv("XDG_CACHE_HOME");
}

TEST_F(Cache, BuiltinSetIsCached) {
  EXPECT_EQ(open_or_build("builtin:shapes:10", options_).max_resolution(), 64);
  EXPECT_EQ(open_or_build("builtin:shapes:10", options_).count(), 10);
  EXPECT_EQ(builds_, 1);
}

TEST(RealData, MnistBecomes32x32Gray) {
  const fs::path file = real_data() / "mnist" / "t10k-images-idx3-ubyte.gz";
  if (!fs::exists(file)) GTEST_SKIP() << "no MNIST found; set PG_TEST_DATA to a folder of sets";
  const TempFolder folder;
  const BuildReport report = build(file, folder / "set");
  EXPECT_EQ(report.manifest.count, 10000);
  EXPECT_EQ(report.manifest.resolution, 32);
  EXPECT_EQ(report.manifest.channels, 1);
  const Dataset dataset(folder / "set");
  EXPECT_EQ(dataset.label(0), 7);
  dataset.verify();
}

}  // namespace
}  // namespace pg::testing
