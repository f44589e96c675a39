// large_set_test.cpp: a set larger than memory, and one that is truncated while it is read.
#include <unistd.h>

#include "data/formats/npy.h"
#include "data/sets/build.h"
#include "data/sets/loader.h"
#include "tests/data/formats/records.h"
#include "tests/data/support.h"
#include "tests/kernels/memory_meter.h"

namespace pg::testing {
namespace {

// A built set of `count` images in sparse files: only headers, classes and `marked` are written.
// False if the file system has no such files.
bool make_sparse_set(const fs::path& folder, int64_t count, int64_t resolution,
                     const std::vector<int64_t>& marked) {
  fs::create_directories(folder);
  Manifest m;
  m.source = "sparse";
  m.fit = "crop";
  m.count = count;
  m.channels = 3;
  m.resolution = resolution;
  const auto make = [&](const std::string& name, const NpyHeader& header) {
    write_text(folder / name, format_npy_header(header));
    const int64_t bytes = kNpyHeaderBytes + header.data_bytes();
    m.files[name] = {.bytes = bytes, .crc32 = "00000000"};
    return ::truncate((folder / name).c_str(), bytes) == 0;
  };
  if (!make("labels.npy", {NpyType::i32, {count}})) return false;
  for (int64_t r = 4; r <= resolution; r *= 2) {
    if (!make(level_file_name(r), {NpyType::u8, {count, r, r, 3}})) return false;
    std::fstream file(folder / level_file_name(r), std::ios::in | std::ios::out | std::ios::binary);
    for (const int64_t i : marked) {
      file.seekp(kNpyHeaderBytes + i * r * r * 3);
      file.put('\x7f');
    }
  }
  write_manifest(folder, m);
  return true;
}

TEST(LargeSet, FiftyGigabytesAreReadInConstantMemory) {
  const TempFolder folder;
  const int64_t resolution = 128, count = int64_t{1} << 20;  // 51.5 GB, and 17 GB of lower levels
  const std::vector<int64_t> marked = {0, 12345, count / 2, count - 1};
  if (!make_sparse_set(folder / "set", count, resolution, marked)) {
    GTEST_SKIP() << "this file system has no sparse files of 50 GB";
  }
  const Dataset dataset(folder / "set");
  for (const int64_t i : marked) EXPECT_EQ(dataset.image(resolution, i)[0], 0x7f) << i;
  EXPECT_EQ(dataset.image(resolution, 1)[0], 0);
  Loader loader(dataset, {.seed = 5});
  loader.next(resolution, 64);
  const int64_t before = pg::test::resident_bytes();
  for (int i = 0; i < 100; ++i) {
    loader.seek(static_cast<uint64_t>(i) * 10000);  // all over the first epoch
    ASSERT_EQ(loader.next(resolution, 64).n, 64);
  }
  // Prefetched minibatches are 3 MB each.
  if (pg::test::kResidenceTells) {
    EXPECT_LT(pg::test::resident_bytes() - before, int64_t{32} << 20);
  }
}

// 147 MB of images, of which a few are held at a time: those of 2 threads and 8 waiting ones.
TEST(LargeSet, IsBuiltInConstantMemory) {
  const TempFolder folder;
  const std::string one = record(example(random_image(128, 128, 3)));
  {
    std::ofstream out(folder / "set.tfrecords", std::ios::binary);
    for (int i = 0; i < 3000; ++i) out << one;
  }
  const int64_t before = pg::test::resident_bytes();
  int64_t most = 0, reports = 0;
  BuildOptions options = {.resolution = 4, .threads = 2};
  options.progress = [&](const BuildProgress&) {
    most = std::max(most, pg::test::resident_bytes());
    ++reports;
  };
  const auto source = open_source((folder / "set.tfrecords").string());
  EXPECT_EQ(build_dataset(*source, "set", folder / "set", options).manifest.count, 3000);
  EXPECT_GT(reports, 0);
  if (pg::test::kResidenceTells) {
    EXPECT_LT(most - before, int64_t{32} << 20);
  }
}

TEST(LargeSet, TruncationWhileTrainingNamesTheFile) {
  const TempFolder folder;
  build_dataset(*open_source("builtin:shapes:64"), "builtin:shapes:64", folder / "set",
                {.resolution = 8});
  const Dataset dataset(folder / "set");
  Loader loader(dataset, {.seed = 5});
  loader.next(8, 8);
  fs::resize_file(folder / "set" / level_file_name(8), 200);
  EXPECT_HAS(error_of<IoError>([&] {
               for (int i = 0; i < 64; ++i) loader.next(8, 8);
             }),
             "r0008.npy ends at byte");
  EXPECT_HAS(error_of<IoError>([&] { dataset.verify(); }), "r0008.npy ends at byte");
  // Other levels can still be read.
  EXPECT_EQ(loader.next(4, 8).n, 8);
}

}  // namespace
}  // namespace pg::testing
