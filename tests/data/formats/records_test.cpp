// records_test.cpp: TFRecords and LMDB databases as sources, intact and damaged.
#include <map>

#include "data/formats/lmdb_file.h"
#include "data/formats/npy_writer.h"
#include "data/formats/tfrecord.h"
#include "data/sets/build.h"
#include "data/sets/dataset.h"
#include "data/sources/source.h"
#include "data/sources/tfrecord_example.h"
#include "tests/data/formats/lmdb_writer.h"
#include "tests/data/formats/records.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

std::vector<uint8_t> bytes_in(const std::string& text) { return {text.begin(), text.end()}; }

TEST(Crc32c, MatchesPublishedVectors) {
  EXPECT_EQ(crc32c(bytes_in("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(std::vector<uint8_t>(32, 0)), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::vector<uint8_t>(32, 255)), 0x62a8ab43u);
  EXPECT_EQ(crc32c({}), 0u);
}

class Records : public ::testing::Test {
 protected:
  Records() {
    for (uint64_t i = 0; i < 5; ++i) images_.push_back(random_image(16, 16, 3, i + 1));
  }

  std::string records(int64_t size = 16) const {
    std::string text;
    for (const Image& image : images_) {
      Image small = image;
      small.height = small.width = size;
      small.pixels.resize(static_cast<size_t>(size * size * 3));
      text += record(example(small));
    }
    return text;
  }

  void write_labels(const std::string& name, const NpyHeader& header,
                    std::span<const std::byte> values) {
    NpyWriter writer(folder_ / name);
    writer.write(values);
    writer.finish(header);
  }

  TempFolder folder_;
  std::vector<Image> images_;
};

TEST_F(Records, LargestSizeOfAFolderIsReadWithItsLabels) {
  write_text(folder_ / "set-r03.tfrecords", records(8));
  write_text(folder_ / "set-r04.tfrecords", records());
  std::vector<float> one_hot(5 * 3, 0.0f);
  for (const size_t at : {2, 3, 8, 10, 14}) one_hot[at] = 1.0f;  // classes 2 0 2 1 2
  write_labels("set-rxx.labels", {NpyType::f32, {5, 3}}, bytes_of(one_hot));
  const auto source = open_source(folder_.path().string());
  ASSERT_EQ(source->count(), 5);
  EXPECT_EQ(source->label_names().size(), 3u);
  EXPECT_EQ(source->label(0), 2);
  EXPECT_EQ(source->label(3), 1);
  for (int64_t i = 0; i < 5; ++i) {
    const Image image = source->load(i);
    EXPECT_EQ(image.height, 16);
    EXPECT_EQ(image.pixels, images_[static_cast<size_t>(i)].pixels) << i;
  }
  EXPECT_EQ(source->name(4), "set-r04.tfrecords record 4");
}

TEST_F(Records, SingleFileAndUnpackedIntegersAreReadToo) {
  write_text(folder_ / "any", record(example(images_[0], Packing::single)));
  const auto source = open_source((folder_ / "any").string());
  EXPECT_EQ(source->load(0).pixels, images_[0].pixels);
  EXPECT_TRUE(source->label_names().empty());
}

TEST_F(Records, DamagedRecordsAreListedAndOthersBuilt) {
  std::string text = records();
  const size_t size = text.size() / 5;
  text[size + 100] = static_cast<char>(text[size + 100] ^ 1);  // of record 1
  text.resize(text.size() - 7);                                // of record 4
  write_text(folder_ / "set-r04.tfrecords", text);
  const auto source = open_source(folder_.path().string());
  const BuildReport report = build_dataset(*source, "set", folder_ / "built", {.resolution = 16});
  EXPECT_EQ(report.manifest.count, 3);
  ASSERT_EQ(report.manifest.rejected.size(), 2u);
  EXPECT_HAS(report.manifest.rejected[0].file, "record 1");
  EXPECT_HAS(report.manifest.rejected[0].reason, "checksum");
  EXPECT_HAS(report.manifest.rejected[1].reason, "ends within");
}

// Any flipped bit or truncation gives a FormatError or an image.
TEST_F(Records, AnyDamageIsAFormatError) {
  const std::string whole = record(example(random_image(4, 4, 3, 7)));
  const std::vector<uint8_t> pixels = random_image(4, 4, 3, 7).pixels;
  for (size_t i = 0; i < 2 * whole.size(); ++i) {
    std::string text = whole;
    if (i < whole.size()) {
      text.resize(i);
    } else {
      text[i - whole.size()] = static_cast<char>(text[i - whole.size()] ^ (1 << i % 8));
    }
    write_text(folder_ / "one.tfrecords", text);
    EXPECT_THROW(
        image_of_example(TfRecordFile(folder_ / "one.tfrecords").read(0, kMostStoredBytes)),
        FormatError)
        << i;
  }
  const std::string inside = example(random_image(4, 4, 3, 7));
  for (size_t i = 0; i < inside.size(); ++i) {
    std::vector<uint8_t> bytes = bytes_in(inside);
    bytes[i] ^= static_cast<uint8_t>(1 << i % 8);
    try {
      EXPECT_EQ(image_of_example(bytes).pixels.size(), pixels.size());
    } catch (const FormatError&) {
    }
  }
}

TEST_F(Records, LabelsThatDoNotFitAreRejectedWithAdvice) {
  write_text(folder_ / "set-r04.tfrecords", records());
  const auto error = [&] {
    return error_of<FormatError>([&] { open_source(folder_.path().string()); });
  };
  write_labels("set-rxx.labels", {NpyType::f32, {4, 1}}, bytes_of(std::vector<float>(4, 1.0f)));
  EXPECT_HAS(error(), "5 images; move it away to train without classes");
  write_labels("set-rxx.labels", {NpyType::f32, {5, 2}}, bytes_of(std::vector<float>(10, 1.0f)));
  EXPECT_HAS(error(), "row 0");
  write_labels("set-rxx.labels", {NpyType::i32, {5}}, bytes_of(std::vector<int32_t>(5, -1)));
  EXPECT_HAS(error(), "class numbers from -1");
}

// After an interrupted download the set is built, and all classes of the label file exist.
TEST_F(Records, SurplusLabelsOfATruncatedFileAreKeptAsClasses) {
  const std::string text = records();
  write_text(folder_ / "set-r04.tfrecords", text.substr(0, text.size() / 2));
  const std::vector<int32_t> classes = {1, 0, 1, 0, 3};
  write_labels("set-rxx.labels", {NpyType::i32, {5}}, bytes_of(classes));
  const auto source = open_source(folder_.path().string());
  const BuildReport report = build_dataset(*source, "set", folder_ / "built", {.resolution = 16});
  EXPECT_EQ(report.manifest.count, 2);
  EXPECT_EQ(report.manifest.rejected.size(), 1u);
  EXPECT_EQ(report.manifest.label_names.size(), 4u);
  EXPECT_EQ(Dataset(folder_ / "built").label(0), 1);
}

TEST_F(Records, AFolderOfSeveralSetsIsRejected) {
  write_text(folder_ / "a-r04.tfrecords", records());
  write_text(folder_ / "b-r04.tfrecords", records());
  EXPECT_HAS(error_of<UsageError>([&] { open_source(folder_.path().string()); }), "2 data sets");
  EXPECT_EQ(open_source((folder_ / "a-r04.tfrecords").string())->count(), 5);
}

class Lmdb : public ::testing::Test {
 protected:
  void write(const LmdbEntries& entries) { write_lmdb(folder_ / "db", entries); }

  std::vector<uint8_t> picture(uint64_t seed) {
    write_image(folder_ / "p.png", random_image(32, 32, 3, seed));
    return read_bytes(folder_ / "p.png");
  }

  std::string db() const { return (folder_ / "db").string(); }

  TempFolder folder_;
};

TEST_F(Lmdb, ImagesAreReadByKeyAndBrokenOnesListed) {
  LmdbEntries entries;
  for (uint64_t i = 0; i < 20; ++i) {
    entries.emplace_back(message("key", 100 + i), picture(i));
  }
  entries[7].second.resize(50);
  entries[8].first = std::string("key108\n\x01");
  write(entries);
  const auto source = open_source(db());
  ASSERT_EQ(source->count(), 20);
  EXPECT_EQ(source->name(8), "key108\\n\\x01");
  EXPECT_EQ(source->load(3).pixels, random_image(32, 32, 3, 3).pixels);
  EXPECT_FALSE(fs::exists(folder_ / "db/lock.mdb")) << "nothing may be written beside the data";
  BuildOptions options;
  options.resolution = 8;
  options.threads = 4;
  const BuildReport report = build_dataset(*source, "db", folder_ / "built", options);
  EXPECT_EQ(report.manifest.count, 19);
  ASSERT_EQ(report.manifest.rejected.size(), 1u);
  EXPECT_EQ(report.manifest.rejected[0].file, "key107");
}

TEST_F(Lmdb, TruncationAnywhereIsAFormatError) {
  LmdbEntries entries;
  for (uint64_t i = 0; i < 20; ++i) entries.emplace_back(message("k", i), picture(i));
  write(entries);
  const auto whole = static_cast<int64_t>(fs::file_size(folder_ / "db/data.mdb"));
  for (int64_t size = whole - 1; size >= 0; size -= 1 + size / 12) {
    fs::resize_file(folder_ / "db/data.mdb", static_cast<uintmax_t>(size));
    EXPECT_HAS(error_of<FormatError>([&] { open_source(db()); }), "again") << size;
  }
  write_text(folder_ / "db/data.mdb", "this is not a database");
  EXPECT_THROW(open_source(db()), FormatError);
}

// Deep trees, values inside and outside nodes and deleted pages, as the library writes them.
TEST_F(Lmdb, EveryEntryIsFoundInOrder) {
  LmdbEntries entries;
  for (uint64_t i = 0; i < 5000; ++i) {
    const auto r = philox(3, 4, i);
    std::string key = std::to_string(r.word[0]) + std::string(i % 300, 'k');
    const size_t size = r.word[1] % (i % 50 == 0 ? 20000 : 300);
    entries.emplace_back(std::move(key), std::vector<uint8_t>(size, static_cast<uint8_t>(i)));
  }
  write_lmdb(folder_ / "db", entries, 700);
  std::map<std::string, std::vector<uint8_t>> want(entries.begin(), entries.end());
  const LmdbFile file(folder_ / "db/data.mdb");
  ASSERT_EQ(file.count(), static_cast<int64_t>(want.size()));
  int64_t i = 0;
  for (const auto& [key, value] : want) {
    ASSERT_EQ(file.key(i), key);
    ASSERT_EQ(file.value(i, kMostStoredBytes), value) << key;
    ASSERT_FALSE(file.damaged_page(i));
    ++i;
  }
}

TEST_F(Lmdb, ADamagedPageLosesOnlyItsImages) {
  LmdbEntries entries;
  for (uint64_t i = 0; i < 300; ++i) entries.emplace_back(message("k", i), picture(i % 3));
  write(entries);
  std::vector<uint8_t> bytes = read_bytes(folder_ / "db/data.mdb");
  size_t leaf = 2 * 4096;  // the first page of entries
  while ((bytes[leaf + 10] & 2) == 0) leaf += 4096;
  bytes[leaf + 10] = 0;
  write_bytes(folder_ / "db/data.mdb", bytes);
  const auto source = open_source((folder_ / "db/data.mdb").string());  // the file by its content
  const BuildReport report = build_dataset(*source, "db", folder_ / "built", {.resolution = 8});
  EXPECT_GT(report.manifest.count, 100);
  ASSERT_EQ(report.manifest.rejected.size(), 1u);
  EXPECT_HAS(report.manifest.rejected[0].reason,
             message("page ", leaf / 4096, " of the database is damaged"));
}

TEST_F(Lmdb, TruncationWhileReadingListsTheImages) {
  LmdbEntries entries;
  for (uint64_t i = 0; i < 20; ++i) entries.emplace_back(message("k", i), picture(i));
  write(entries);
  const auto source = open_source(db());
  fs::resize_file(folder_ / "db/data.mdb", 4096);
  EXPECT_HAS(error_of<IoError>([&] { source->load(3); }), "data.mdb ends at byte");
  EXPECT_EQ(source->name(3), "data.mdb entry 3");
}

// Page and entry agree on four gigabytes that do not exist.
TEST_F(Lmdb, AWrongLengthAllocatesNoMemory) {
  write({{"a picture", picture(1)}});
  std::vector<uint8_t> bytes = read_bytes(folder_ / "db/data.mdb");
  const auto put = [&](size_t at) { std::fill_n(bytes.begin() + static_cast<long>(at), 4, 0xf0); };
  const std::string text(bytes.begin(), bytes.end());
  put(text.find("a picture") - 8);  // the length at the start of its entry
  size_t big = 2 * 4096;
  while ((bytes[big + 10] & 4) == 0) big += 4096;
  put(big + 12);  // its number of pages
  write_bytes(folder_ / "db/data.mdb", bytes);
  EXPECT_HAS(
      error_of<FormatError>([&] { LmdbFile(folder_ / "db/data.mdb").value(0, kMostStoredBytes); }),
      "the length of the value is damaged");
}

// LMDB has no checksums: undetected damage gives another image, but nothing crashes and every error
// is one that a build lists.
TEST_F(Lmdb, AnyDamageIsAFormatError) {
  LmdbEntries entries;
  for (uint64_t i = 0; i < 60; ++i) {
    const std::vector<uint8_t> small = {'n', 'o'};
    entries.emplace_back(message(100 + i, std::string(250, 'k')), i % 20 ? small : picture(i));
  }
  write(entries);
  const std::vector<uint8_t> whole = read_bytes(folder_ / "db/data.mdb");
  const auto or_format_error = [](const auto& action) {
    try {
      action();
    } catch (const FormatError&) {
    }
  };
  for (uint64_t i = 0; i < 1000; ++i) {
    std::vector<uint8_t> bytes = whole;
    const auto r = philox(1, 2, i);
    // Mostly at the start of pages: in their headers, tables of nodes and first nodes.
    const size_t page = r.word[0] % (whole.size() / 4096);
    const size_t at = page * 4096 + (i % 4 == 0 ? r.word[1] % 4096 : r.word[1] % 160);
    bytes[at] = static_cast<uint8_t>(r.word[2]);
    write_bytes(folder_ / "damaged.mdb", bytes);
    or_format_error([&] {
      const LmdbFile file(folder_ / "damaged.mdb");
      for (int64_t k = 0; k < file.count(); ++k) {
        or_format_error([&] { file.key(k); });
        or_format_error([&] { file.value(k, kMostStoredBytes); });
      }
    });
  }
}

}  // namespace
}  // namespace pg::testing
