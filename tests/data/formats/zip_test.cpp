// zip_test.cpp: zip archives of images, as StyleGAN's tools write them, and malformed ones.
#include "data/images/encode.h"
#include "data/images/endings.h"
#include "data/sets/build.h"
#include "data/sets/dataset.h"
#include "data/sources/source.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

using test::ZipEntry;

class Zip : public ::testing::Test {
 protected:
  std::string png(std::vector<uint8_t> pixel) {
    write_image(folder_ / "x.png", flat_image(8, std::move(pixel)));
    const std::vector<uint8_t> bytes = read_bytes(folder_ / "x.png");
    return {bytes.begin(), bytes.end()};
  }

  std::unique_ptr<ImageSource> open(const std::vector<ZipEntry>& entries) {
    return open_bytes(test::zip_bytes(entries));
  }
  std::unique_ptr<ImageSource> open_bytes(const std::string& bytes) {
    write_text(file(), bytes);
    return open_source(file());
  }
  std::string file() const { return (folder_ / "set.zip").string(); }

  TempFolder folder_;
};

// An entry compressed by zip's method 8.
ZipEntry deflated(const std::string& name, const std::string& bytes) {
  std::string packed(bytes.size() + 100, '\0');
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const auto crc =
      static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  return {name, packed, 8, static_cast<uint32_t>(bytes.size()), crc};
}

TEST_F(Zip, StyleGanArchiveHasImagesAndLabels) {
  const auto source = open({{"00000/img00000000.png", png({1, 2, 3})},
                            deflated("00000/img00000001.png", png({4, 5, 6})),
                            {"00001/img00001000.png", png({7, 8, 9})},
                            {"dataset.json", R"({"labels": [["00000/img00000000.png", 2],
                              ["00000/img00000001.png", 0], ["00001/img00001000.png", 1]]})"}});
  ASSERT_EQ(source->count(), 3);
  EXPECT_EQ(source->name(1), "00000/img00000001.png");
  for (int64_t i = 0; i < 3; ++i) EXPECT_EQ(source->load(i).pixels[0], 1 + 3 * i);
  EXPECT_EQ(source->label(0), 2);
  EXPECT_EQ(source->label(2), 1);
  EXPECT_EQ(source->label_names().size(), 3u);
  EXPECT_EQ(source->ignored_files(), 0);
}

TEST_F(Zip, FoldersAreClassesOnlyWithoutDatasetJson) {
  const ZipEntry a = {"all/cats/a.png", png({1})}, b = {"all/dogs/b", png({2})};
  const ZipEntry c = {"__MACOSX/all/._a.png", "x"}, d = {"all/notes.txt", "words"};
  const auto folders = open({a, b, c, d});
  EXPECT_EQ(folders->label_names(), (std::vector<std::string>{"cats", "dogs"}));
  EXPECT_EQ(folders->count(), 2);
  EXPECT_EQ(folders->ignored_files(), 1);
  EXPECT_TRUE(open({a, b, {"dataset.json", R"({"labels": null})"}})->label_names().empty());
  const auto inside = open({a, b, {"all/dataset.json", R"({"labels": [["cats/a.png", 1],
                                                                      ["dogs/b", 0]]})"}});
  EXPECT_EQ(inside->label(0), 1);
}

TEST_F(Zip, TheLastEntryOfANameCounts) {
  const auto source = open({{"a.png", png({1})}, {"b.png", png({2})}, {"a.png", png({9})}});
  ASSERT_EQ(source->count(), 2);
  EXPECT_EQ(source->load(0).pixels[0], 9);
  EXPECT_EQ(
      source->notes(),
      std::vector<std::string>{"skipped 1 file that a later one of the same name replaces: a.png"});
}

TEST_F(Zip, WhatLiesAboveTheArchiveIsAnImageToo) {
  const auto source = open({{"../cats/a.png", png({1})}, {"../dogs/b.png", png({2})}});
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(source->label_names(), (std::vector<std::string>{"cats", "dogs"}));
}

TEST_F(Zip, PackingThatCannotBeReadIsNamed) {
  const auto reason = [&](const std::string& bytes) {
    const auto source = open_bytes(bytes);
    return error_of<FormatError>([&] { build_dataset(*source, "zip", folder_ / "out", {}); });
  };
  const std::string whole = test::zip_bytes({{"a.png", png({1})}});
  std::string locked = whole;  // bit 0 of the flags, in the entry and in the directory
  locked[6] |= 1;
  locked[whole.find("PK\1\2") + 8] |= 1;
  EXPECT_HAS(reason(locked),
             "the archive is protected by a password; unpack it and name the folder");
  EXPECT_HAS(reason(test::zip_bytes({{"a.png", png({1}), 14}})),
             "the archive is packed by a method that is not supported; unpack it");
}

TEST_F(Zip, AnErrorIsShortWhateverTheNamesAre) {
  std::vector<ZipEntry> entries;
  for (const char c : {'a', 'b', 'c'}) {
    entries.push_back({"." + std::string(190, c), "x"});
    entries.push_back({std::string(190, c), "x"});
    entries.push_back({std::string(190, c), "x"});
  }
  const std::string error = error_of<FormatError>([&] { open(entries); });
  EXPECT_HAS(error, "has no image (3 other files; skipped 3 files of other programs: .aaa");
  EXPECT_LT(error.size(), 600u);
}

TEST_F(Zip, OwnImagesOfEveryFormatAreNoData) {
  const Image image = flat_image(8, {1, 2, 3});
  std::vector<ZipEntry> entries = {{"photo.png", png({1})}};
  for (const Format format : {Format::png, Format::jpeg, Format::webp}) {
    const std::string name = std::string("own") + usual_ending(format);
    const std::vector<uint8_t> bytes = encode_image(name, image, {.format = format});
    entries.push_back({name, {bytes.begin(), bytes.end()}});
  }
  const auto source = open(entries);
  EXPECT_EQ(source->count(), 1);
  ASSERT_EQ(source->notes().size(), 1u);
  EXPECT_HAS(source->notes()[0], "skipped 3 images that progan_cuda wrote");
}

TEST_F(Zip, BuildIsTheSameAtAnyNumberOfThreads) {
  std::vector<ZipEntry> entries;
  for (uint8_t i = 0; i < 40; ++i) {
    const std::string name = "img" + std::to_string(i) + ".png";
    entries.push_back(i % 2 == 0 ? ZipEntry{name, png({i})} : deflated(name, png({i})));
  }
  const auto source = open(entries);
  BuildOptions one, many;
  one.threads = 1;
  many.threads = 8;
  const BuildReport a = build_dataset(*source, "zip", folder_ / "a", one);
  const BuildReport b = build_dataset(*source, "zip", folder_ / "b", many);
  EXPECT_EQ(a.manifest.count, 40);
  EXPECT_EQ(a.manifest.files.at("r0008.npy").crc32, b.manifest.files.at("r0008.npy").crc32);
}

TEST_F(Zip, DamagedImagesAreSkippedByName) {
  ZipEntry wrong = {"b.png", png({2})};
  wrong.claimed_crc = 7;
  std::string cut = png({3});
  cut.resize(cut.size() / 2);
  const auto source = open({{"a.png", png({1})}, wrong, {"c.png", cut}, {"d.jpg", "words"}});
  BuildOptions options;
  options.resolution = 8;
  const Manifest m = build_dataset(*source, "zip", folder_ / "out", options).manifest;
  EXPECT_EQ(m.count, 1);
  ASSERT_EQ(m.rejected.size(), 3u);
  EXPECT_EQ(m.rejected[0].file, "b.png");
  EXPECT_HAS(m.rejected[0].reason, "damaged");
}

TEST_F(Zip, InvalidArchivesAreRejected) {
  const std::string whole = test::zip_bytes({{"a.png", png({1})}, {"b.png", png({2})}});
  for (size_t size = 4; size < whole.size(); size += 3) {
    const std::string text = error_of<FormatError>([&] { open_bytes(whole.substr(0, size)); });
    EXPECT_HAS(text, "set.zip: not a complete zip archive");
  }
  EXPECT_HAS(error_of<FormatError>([&] { open({{"a.txt", "words"}}); }), "has no image");
  ZipEntry huge = {"a.png", "x"};
  huge.claimed_bytes = 0x70000000;
  EXPECT_HAS(error_of<FormatError>([&] { open({huge}); }), "more bytes than it can hold");
  // As many packed bytes as the claim needs, but more than the archive has.
  std::string longer = test::zip_bytes({huge});
  const std::string packed = test::little_endian(uint32_t{0x08000000});
  longer.replace(longer.rfind("PK\x01\x02") + 20, packed.size(), packed);
  EXPECT_HAS(error_of<FormatError>([&] { open_bytes(longer); }), "more bytes than it can hold");
  EXPECT_HAS(error_of<FormatError>([&] {
               open({{"a.png", png({1})},
                     {"b.png", png({1})},
                     {"dataset.json", R"({"labels": [["b.png", 1]]})"}});
             }),
             "no label for the image a.png");
}

TEST_F(Zip, TruncationWhileInUseIsAnErrorOfTheImage) {
  // Larger than the C library's read-ahead.
  write_image(folder_ / "noise.png", random_image(128, 128, 3));
  const std::vector<uint8_t> noise = read_bytes(folder_ / "noise.png");
  const auto source = open({{"a.png", png({1})}, {"b.png", {noise.begin(), noise.end()}}});
  fs::resize_file(file(), 1000);
  EXPECT_THROW(source->load(1), FormatError);
}

}  // namespace
}  // namespace pg::testing
