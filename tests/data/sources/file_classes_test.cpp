// file_classes_test.cpp: the class level of a tree, and dataset.json by its content.
#include "data/sources/file_classes.h"

#include "data/sets/dataset.h"
#include "data/sources/dataset_json.h"
#include "data/sources/source.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

using Strings = std::vector<std::string>;
using Labels = std::vector<int32_t>;

FileClasses classes(const Strings& files) { return classes_of_folders(files); }

TEST(FileClasses, FoldersAroundAllImagesAreNoClasses) {
  EXPECT_EQ(classes({"images/cats/1.png", "images/dogs/old/2.png"}).names,
            (Strings{"cats", "dogs"}));
  EXPECT_EQ(classes({"a/b/cats/1.png", "a/b/dogs/2.png"}).labels, (Labels{0, 1}));
  EXPECT_TRUE(classes({"images/1.png", "images/2.png"}).names.empty());
  EXPECT_TRUE(classes({"cats/1.png"}).names.empty());
  EXPECT_TRUE(classes({"1.png", "2.png"}).names.empty());
  EXPECT_EQ(classes({"cat/1.png", "cats/2.png"}).names, (Strings{"cat", "cats"}));
  EXPECT_EQ(classes({"1.png", "cats/2.png"}).names, (Strings{".", "cats"}));
}

TEST(FileClasses, PartsOfADataSetAreNoClasses) {
  const FileClasses c =
      classes({"set/Train/img/cats/1.png", "set/Train/img/dogs/2.png", "set/val/img/dogs/3.png"});
  EXPECT_EQ(c.names, (Strings{"cats", "dogs"}));
  EXPECT_EQ(c.labels, (Labels{0, 1, 1}));
  ASSERT_EQ(c.notes.size(), 1u);
  EXPECT_HAS(c.notes[0], "the folders Train and val are parts of one data set");
  EXPECT_TRUE(classes({"train/1.png", "test/2.png"}).names.empty());
  EXPECT_EQ(classes({"bus/1.png", "train/2.png"}).names, (Strings{"bus", "train"}));
}

TEST(FileClasses, ImagesBesideTheClassesAreMentioned) {
  const FileClasses c = classes({"2.png", "cats/2.png", "dogs/3.png"});
  ASSERT_EQ(c.notes.size(), 1u);
  EXPECT_EQ(c.notes[0],
            "1 image lies beside the class folders and makes up the class '.': 2.png; move it into "
            "a class folder, or out of the set");
  const FileClasses parts =
      classes({"a.png", "train/cats/2.png", "test/cats/3.png", "test/dogs/4.png", "z.png"});
  EXPECT_EQ(parts.names, (Strings{".", "cats", "dogs"}));
  EXPECT_EQ(parts.labels, (Labels{0, 1, 1, 2, 0}));
  EXPECT_HAS(parts.notes.back(), "2 images lie beside the class folders");
}

TEST(FileClasses, PartsHaveManyNames) {
  const std::pair<std::string, std::string> kPairs[] = {
      {"training_set", "test_set"},
      {"train_images", "test_images"},
      {"trainset", "testset"},
      {"train2017", "val2017"},
      {"training_data", "testing_data"},
      {"seg_train/seg_train", "seg_test/seg_test"},
      {"TRAIN", "unlabeled"}};
  for (const auto& [one, other] : kPairs) {
    const FileClasses c = classes({message(one, '/', "cats/1.png"), message(one, '/', "dogs/2.png"),
                                   message(other, '/', "cats/3.png")});
    EXPECT_EQ(c.names, (Strings{"cats", "dogs"})) << one;
    EXPECT_EQ(c.notes.size(), 1u) << one;
  }
  EXPECT_EQ(classes({"set/1.png", "images2/2.png"}).names.size(), 2u);
}

TEST(FileClasses, NumbersSortAsNumbersBeforeOtherNames) {
  Strings files;
  for (int i = 0; i < 12; ++i) files.push_back(std::to_string(i) + "/a.png");
  files.push_back("x/a.png");
  const FileClasses c = classes(files);
  EXPECT_EQ(c.names[2], "2");
  EXPECT_EQ(c.names[10], "10");
  EXPECT_EQ(c.names[12], "x");
  EXPECT_EQ(c.labels[10], 10);
}

TEST(FileClasses, NamesThatAreNotUtf8AreShownAsEscapes) {
  EXPECT_EQ(classes({"caf\xe9/1.png", "tea/2.png"}).names, (Strings{"caf\\xe9", "tea"}));
}

// A tree of two images with a dataset.json, as a folder and as a zip.
class LabelsOfATree : public ::testing::Test {
 protected:
  static constexpr const char* kA = "sub/b/img0.png";
  static constexpr const char* kB = "sub/b/img1.png";

  void expect_labels(const std::string& place, const std::string& text) {
    const TempFolder folder;
    std::vector<test::ZipEntry> entries;
    for (const char* name : {kA, kB}) {
      write_image(folder / "set" / name, flat_image(4, {1, 2, 3}));
      const std::vector<uint8_t> bytes = read_bytes(folder / "set" / name);
      entries.push_back({name, {bytes.begin(), bytes.end()}});
    }
    write_text(folder / "set" / (place + "dataset.json"), text);
    entries.push_back({place + "dataset.json", text});
    write_text(folder / "set.zip", test::zip_bytes(entries));
    for (const char* where : {"set", "set.zip"}) {
      const auto source = open_source((folder / where).string());
      ASSERT_EQ(source->label_names().size(), 2u) << where << " " << text;
      EXPECT_EQ(source->label(0), 1);
      EXPECT_EQ(source->label(1), 0);
      EXPECT_TRUE(source->notes().empty());
    }
  }
};

TEST_F(LabelsOfATree, MayLieInAnyFolderThatHoldsAllImages) {
  expect_labels("", R"({"labels": [["sub/b/img0.png", 1], ["sub/b/img1.png", 0]]})");
  expect_labels("sub/", R"({"labels": [["b/img0.png", 1], ["b/img1.png", 0]]})");
  expect_labels("sub/b/", R"({"labels": [["img0.png", 1], ["img1.png", 0]]})");
  expect_labels("", R"({"labels": [["img0.png", 1], ["img1.png", 0]]})");
  expect_labels("sub/b/", R"({"labels": [["sub/b/img0.png", 1], ["sub/b/img1.png", 0]]})");
}

TEST_F(LabelsOfATree, MayUseOtherSeparatorsAndFloats) {
  expect_labels("", R"({"labels": [["sub\\b\\img0.png", 1], ["sub\\b\\img1.png", 0]]})");
  expect_labels("", R"({"labels": [["./sub//b/img0.png", 1], ["sub/./b/img1.png", 0]]})");
  expect_labels("sub/", R"({"labels": [["b\\img0.png", 1.0], ["b\\img1.png", 0.0]]})");
  expect_labels("", R"({"format": "png", "labels": [["sub/b/img0.png", 1e0],
                                                    ["sub/b/img1.png", [1.0, 0.0]]]})");
}

TEST(LabelsOfAZip, EntriesOfWindowsHaveFolders) {
  const TempFolder folder;
  write_image(folder / "x.png", flat_image(4, {1, 2, 3}));
  const std::vector<uint8_t> bytes = read_bytes(folder / "x.png");
  const std::string png(bytes.begin(), bytes.end());
  write_text(folder / "set.zip",
             test::zip_bytes({{"all\\cats\\a.png", png}, {"all\\dogs\\b.png", png}}));
  EXPECT_EQ(open_source((folder / "set.zip").string())->label_names(), (Strings{"cats", "dogs"}));
}

class OtherJson : public ::testing::Test {
 protected:
  DatasetJson kind(const std::string& text) {
    write_text(folder_ / "dataset.json", text);
    return kind_of_dataset_json(folder_.path());
  }
  std::unique_ptr<ImageSource> open() {
    write_image(folder_ / "a.png", flat_image(4, {1}));
    return open_source(folder_.path().string());
  }
  TempFolder folder_;
};

TEST_F(OtherJson, ContentDecidesTheKind) {
  EXPECT_EQ(kind_of_dataset_json(folder_.path()), DatasetJson::none);
  EXPECT_EQ(kind(R"({"name": "my set", "licenses": [{"name": "CC0"}]})"), DatasetJson::other);
  EXPECT_EQ(kind(R"({"licenses": {"labels": 1}, "format": "zip"})"), DatasetJson::other);
  EXPECT_EQ(kind("[1, 2]"), DatasetJson::other);
  EXPECT_EQ(kind("3"), DatasetJson::other);
  EXPECT_EQ(kind("no JSON"), DatasetJson::other);
  EXPECT_EQ(kind(""), DatasetJson::other);
  EXPECT_EQ(kind(R"({"format": "png", "labels": null})"), DatasetJson::labels);
  EXPECT_EQ(kind(R"({"labels": [["a)"), DatasetJson::labels);
  EXPECT_EQ(kind(R"({"format": "progan_cuda dataset", "version")"), DatasetJson::built);
  write_text(folder_ / "r0004.npy", "");
  EXPECT_EQ(kind("{"), DatasetJson::built);  // damaged
}

TEST_F(OtherJson, OfAnotherProgramIsNotUsed) {
  for (const char* text : {R"({"name": "my set", "licenses": [{"name": "CC0"}]})", "no JSON", ""}) {
    write_text(folder_ / "dataset.json", text);
    const auto source = open();
    EXPECT_EQ(source->count(), 1);
    EXPECT_TRUE(source->label_names().empty());
    ASSERT_EQ(source->notes().size(), 1u) << text;
    EXPECT_HAS(source->notes()[0], "has no class labels for these images and is not used");
  }
}

TEST_F(OtherJson, LabelsCutShortAreAnError) {
  write_text(folder_ / "dataset.json", R"({"labels": [["a.png", 0], )");
  EXPECT_HAS(error_of<FormatError>([&] { open(); }), "is not a complete JSON file");
}

}  // namespace
}  // namespace pg::testing
