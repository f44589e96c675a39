// sources_test.cpp: every format of raw images, and the rejection of others.
#include <algorithm>
#include <set>

#include "data/files/atomic_file.h"
#include "data/files/crc32.h"
#include "data/sources/source.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

TEST(FolderSource, IsRecursiveAndSubFoldersAreLabels) {
  const TempFolder folder;
  write_image(folder / "cats/b.png", flat_image(4, {1, 2, 3}));
  write_image(folder / "cats/deep/with space.PNG", flat_image(4, {4, 5, 6}));
  write_image(folder / "dogs/no-ending", flat_image(4, {7, 8, 9}));
  write_text(folder / "README.txt", "not an image");
  write_image(folder / ".hidden.png", flat_image(4, {0, 0, 0}));
  const auto source = open_source(folder.path().string());
  ASSERT_EQ(source->count(), 3);
  EXPECT_EQ(source->name(0), "cats/b.png");
  EXPECT_EQ(source->name(1), "cats/deep/with space.PNG");
  EXPECT_EQ(source->name(2), "dogs/no-ending");
  EXPECT_EQ(source->label_names(), (std::vector<std::string>{"cats", "dogs"}));
  EXPECT_EQ(source->label(1), 0);
  EXPECT_EQ(source->label(2), 1);
  EXPECT_EQ(source->load(2).pixels[0], 7);
  EXPECT_EQ(source->ignored_files(), 1);
}

TEST(FolderSource, FlatFolderHasNoLabels) {
  const TempFolder folder;
  write_image(folder / "a.png", flat_image(4, {1}));
  const auto source = open_source(folder.path().string());
  EXPECT_TRUE(source->label_names().empty());
  EXPECT_EQ(source->label(0), 0);
}

TEST(FolderSource, LabelsOfDatasetJsonPrecedeFolders) {
  const TempFolder folder;
  write_image(folder / "00000/a.png", flat_image(4, {1}));
  write_image(folder / "00000/b.png", flat_image(4, {2}));
  write_text(folder / "dataset.json",
             R"({"labels": [["00000/b.png", 2], ["00000/a.png", [0.0, 1.0, 0.0]]]})");
  const auto source = open_source(folder.path().string());
  EXPECT_EQ(source->label_names(), (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(source->label(0), 1);
  EXPECT_EQ(source->label(1), 2);
  const std::string before = source->fingerprint();
  write_text(folder / "dataset.json", R"({"labels": null})");
  EXPECT_TRUE(open_source(folder.path().string())->label_names().empty());  // as in a zip
  EXPECT_NE(open_source(folder.path().string())->fingerprint(), before);
}

TEST(FolderSource, BadLabelsAreAFormatError) {
  const TempFolder folder;
  write_image(folder / "a.png", flat_image(4, {1}));
  const auto rejection = [&](const char* labels) {
    write_text(folder / "dataset.json", labels);
    return error_of<FormatError>([&] { open_source(folder.path().string()); });
  };
  write_image(folder / "b.png", flat_image(4, {1}));
  EXPECT_HAS(rejection(R"({"labels": [["b.png", 0]]})"), "has no label for the image a.png");
  EXPECT_HAS(rejection(R"({"labels": [["a.png", -1]]})"), "has the label -1");
  EXPECT_HAS(rejection(R"({"labels": [["a.png", 1], ["b.png", [1, 1]]]})"), "has the label [1,1]");
  EXPECT_HAS(rejection(R"({"labels": [["a.png", 1], ["b.png", "cat"]]})"), "has the label \"cat\"");
  EXPECT_HAS(rejection(R"({"labels": [["a.png", 1e9]]})"), "expected a class");
  EXPECT_HAS(rejection(R"({"labels": [["a.png", 1], ["b.png"]]})"), "is not [file, label]");
}

TEST(FolderSource, LabelsOfOtherProgramsAreMentionedAndNotUsed) {
  const TempFolder folder;
  write_image(folder / "cats/a.png", flat_image(4, {1}));
  write_image(folder / "dogs/b.png", flat_image(4, {1}));
  for (const char* text :
       {R"({"labels": ["cat", "dog"]})", R"({"labels": [{"file": "cats/a.png", "label": 0}]})",
        R"({"labels": {"cats/a.png": 0}})", R"({"labels": 3})", R"({"labels": "none"})",
        R"({"labels": [["cats/a.png"]]})", R"({"labels": [["cats/a.png", "cat"]]})",
        R"({"labels": [["cats/a.png", [0.2, 0.8]]]})", R"({"labels": [["cats/a.png", null]]})",
        R"({"labels": [["other.png", 0]]})"}) {
    write_text(folder / "dataset.json", text);
    const auto source = open_source(folder.path().string());
    EXPECT_EQ(source->label_names(), (std::vector<std::string>{"cats", "dogs"})) << text;
    ASSERT_EQ(source->notes().size(), 1u) << text;
    EXPECT_HAS(source->notes()[0], "has no class labels for these images and is not used");
  }
}

TEST(FolderSource, CyclicLinksEnd) {
  const TempFolder folder;
  write_image(folder / "a/x.png", flat_image(4, {1}));
  fs::create_directory_symlink(folder.path(), folder / "a/back");
  EXPECT_EQ(open_source(folder.path().string())->count(), 1);
}

TEST(FolderSource, FingerprintFollowsNamesSizesAndTimes) {
  const TempFolder folder;
  write_image(folder / "a.png", flat_image(4, {1}));
  const auto print = [&] { return open_source(folder.path().string())->fingerprint(); };
  const std::string first = print();
  EXPECT_EQ(print(), first);
  fs::last_write_time(folder / "a.png",
                      fs::last_write_time(folder / "a.png") - std::chrono::seconds(5));
  const std::string touched = print();
  EXPECT_NE(touched, first);
  fs::rename(folder / "a.png", folder / "b.png");
  EXPECT_NE(print(), touched);
}

TEST(OpenSource, NamesMissingAndEmptyOnes) {
  const TempFolder folder;
  EXPECT_HAS(error_of<IoError>([&] { open_source((folder / "none").string()); }), "No such file");
  EXPECT_HAS(error_of<FormatError>([&] { open_source(folder.path().string()); }), "has no JPEG");
  write_text(folder / "a.txt", "words");
  EXPECT_HAS(error_of<FormatError>([&] { open_source(folder.path().string()); }), "1 other files");
  EXPECT_HAS(error_of<UsageError>([&] { open_source((folder / "a.txt").string()); }), "unpack");
  write_png(folder / "a.png", flat_image(4, {1}));
  EXPECT_HAS(error_of<UsageError>([&] { open_source((folder / "a.png").string()); }), "the folder");
}

class Idx : public ::testing::Test {
 protected:
  void write(const std::string& images, const std::string& labels) {
    const Image noise = random_image(5 * 3, 4, 1);
    const std::vector<uint8_t> image_bytes = idx_bytes({5, 3, 4}, noise.pixels);
    const std::vector<uint8_t> label_bytes = idx_bytes({5}, std::vector<uint8_t>{5, 0, 4, 1, 9});
    for (const auto& [name, bytes] : {std::pair{images, image_bytes}, {labels, label_bytes}}) {
      name.ends_with(".gz") ? write_gzip(folder_ / name, bytes)
                            : write_bytes(folder_ / name, bytes);
    }
    pixels_ = noise.pixels;
  }

  void expect_five(const ImageSource& source) {
    ASSERT_EQ(source.count(), 5);
    EXPECT_EQ(source.label(4), 9);
    EXPECT_EQ(source.label_names().size(), 10u);
    const Image image = source.load(1);
    EXPECT_EQ(image.height, 3);
    EXPECT_EQ(image.width, 4);
    EXPECT_TRUE(std::equal(image.pixels.begin(), image.pixels.end(), pixels_.begin() + 12));
    EXPECT_EQ(source.default_channels(), 1);
    EXPECT_EQ(source.default_fit(), Fit::pad);
  }

  TempFolder folder_;
  std::vector<uint8_t> pixels_;
};

TEST_F(Idx, PlainFolder) {
  write("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
  expect_five(*open_source(folder_.path().string()));
}

TEST_F(Idx, GzipFileWithLabelsBesideIt) {
  write("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz");
  expect_five(*open_source((folder_ / "t10k-images-idx3-ubyte.gz").string()));
}

TEST_F(Idx, WithoutLabels) {
  write("my-images.idx3-ubyte", "unrelated");
  EXPECT_TRUE(open_source((folder_ / "my-images.idx3-ubyte").string())->label_names().empty());
}

TEST_F(Idx, TruncatedOrForeignIsAFormatError) {
  const std::string plain = (folder_ / "train-images-idx3-ubyte").string();
  const std::string packed = plain + ".gz";
  write("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
  truncate_to(plain, 0.9);
  EXPECT_HAS(error_of<FormatError>([&] { open_source(plain); }), "truncated");
  write("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte");
  truncate_to(packed, 0.9);
  EXPECT_HAS(error_of<FormatError>([&] { open_source(packed); }), "truncated gzip");
  write_bytes(plain, idx_bytes({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, {}));
  EXPECT_HAS(error_of<FormatError>([&] { open_source(plain); }), "impossible extent");
  write_bytes(plain, idx_bytes({4, 3, 4}, std::vector<uint8_t>(48)));
  EXPECT_HAS(error_of<FormatError>([&] { open_source(plain); }), "5 labels for the 4 images");
}

std::vector<uint8_t> cifar_records(uint8_t count, uint8_t label) {
  std::vector<uint8_t> bytes;
  for (uint8_t i = 0; i < count; ++i) {
    bytes.push_back(label);
    for (size_t k = 0; k < 3072; ++k) bytes.push_back(static_cast<uint8_t>(k / 1024 * 50 + i));
  }
  return bytes;
}

TEST(Cifar, FolderOfBatchesInterleavesPlanes) {
  const TempFolder folder;
  write_bytes(folder / "data_batch_1.bin", cifar_records(3, 2));
  write_bytes(folder / "data_batch_2.bin", cifar_records(2, 7));
  write_bytes(folder / "test_batch.bin", cifar_records(9, 0));
  const auto source = open_source(folder.path().string());
  ASSERT_EQ(source->count(), 5);
  EXPECT_EQ(source->label(2), 2);
  EXPECT_EQ(source->label(3), 7);
  EXPECT_EQ(source->name(3), "data_batch_2.bin:0");
  const Image image = source->load(4);
  EXPECT_EQ(image.pixels[0], 1);
  EXPECT_EQ(image.pixels[1], 51);
  EXPECT_EQ(image.pixels[3071], 101);
  EXPECT_EQ(open_source((folder / "test_batch.bin").string())->count(), 9);
}

TEST(Cifar, TruncatedOrForeignIsAFormatError) {
  const TempFolder folder;
  const std::string file = (folder / "data_batch_1.bin").string();
  write_bytes(file, cifar_records(2, 3));
  truncate_to(file, 0.7);
  EXPECT_HAS(error_of<FormatError>([&] { open_source(file); }), "truncated");
  write_bytes(file, cifar_records(2, 10));
  EXPECT_HAS(error_of<FormatError>([&] { open_source(file); }), "label 10");
  write_text(file, "");
  EXPECT_HAS(error_of<FormatError>([&] { open_source(file); }), "0 bytes");
}

TEST(Shapes, AreTheSameEveryTimeAndAllDifferent) {
  const auto source = open_source("builtin:shapes");
  EXPECT_EQ(source->count(), 4096);
  EXPECT_EQ(source->label_names().size(), 6u);
  std::set<uint32_t> seen;
  std::set<int32_t> labels;
  for (int64_t i = 0; i < 50; ++i) {
    EXPECT_EQ(source->load(i).pixels, open_source("builtin:shapes:50")->load(i).pixels);
    seen.insert(crc32_of(bytes_of(source->load(i).pixels)));
    labels.insert(source->label(i));
  }
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_EQ(labels.size(), 6u);
}

TEST(Shapes, BadNamesAreUsageErrors) {
  for (const char* name : {"builtin:", "builtin:cats", "builtin:shapes:", "builtin:shapes:0",
                           "builtin:shapes:-3", "builtin:shapes:12x"}) {
    EXPECT_HAS(error_of<UsageError>([&] { open_source(name); }), name);
  }
}

TEST(RealData, MnistIsComplete) {
  const fs::path folder = real_data() / "mnist";
  if (!fs::exists(folder)) GTEST_SKIP() << "no MNIST found; set PG_TEST_DATA to a folder of sets";
  const auto source = open_source(folder.string());
  EXPECT_EQ(source->count(), 60000);
  EXPECT_EQ(source->label(0), 5);
  EXPECT_EQ(source->label_names().size(), 10u);
  EXPECT_EQ(source->load(59999).pixels.size(), 784u);
}

TEST(RealData, CifarHasNamedClasses) {
  const fs::path folder = real_data() / "cifar10";
  if (!fs::exists(folder))
    GTEST_SKIP() << "no CIFAR-10 found; set PG_TEST_DATA to a folder of sets";
  const auto source = open_source(folder.string());
  EXPECT_EQ(source->count(), 4000);
  EXPECT_EQ(source->label_names()[0], "airplane");
  EXPECT_EQ(source->label(0), 6);  // the first image of the original set, a frog
}

}  // namespace
}  // namespace pg::testing
