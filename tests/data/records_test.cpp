// records_test.cpp: TFRecords and LMDB databases as sources, whole and damaged.
#include <lmdb.h>

#include "data/build.h"
#include "data/npy_writer.h"
#include "data/source.h"
#include "data/tfrecord.h"
#include "tests/data/records.h"
#include "tests/data/support.h"

namespace pg::testing {
namespace {

std::vector<uint8_t> bytes_in(const std::string& text) { return {text.begin(), text.end()}; }

TEST(Crc32c, IsThatOfThePublishedVectors) {
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
    NpyWriter writer(folder_.path(), name);
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

TEST_F(Records, DamagedOnesAreListedAndTheOthersBuilt) {
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

// Wherever a bit turns or the file ends, reading says why or gives the image.
TEST_F(Records, AnyDamageIsAnErrorInWords) {
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
    EXPECT_THROW(image_of_example(TfRecordFile(folder_ / "one.tfrecords").read(0)), FormatError)
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

TEST_F(Records, LabelsThatDoNotFitAreRefusedWithAWayOut) {
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

TEST_F(Records, SeveralSetsInAFolderMustBeNamed) {
  write_text(folder_ / "a-r04.tfrecords", records());
  write_text(folder_ / "b-r04.tfrecords", records());
  EXPECT_HAS(error_of<UsageError>([&] { open_source(folder_.path().string()); }), "2 data sets");
  EXPECT_EQ(open_source((folder_ / "a-r04.tfrecords").string())->count(), 5);
}

class Lmdb : public ::testing::Test {
 protected:
  // Entries of a database in the order of their keys.
  void write(const std::vector<std::pair<std::string, std::vector<uint8_t>>>& entries) {
    fs::create_directories(folder_ / "db");
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi database = 0;
    ASSERT_EQ(mdb_env_create(&env), 0);
    ASSERT_EQ(mdb_env_set_mapsize(env, 64 << 20), 0);
    ASSERT_EQ(mdb_env_open(env, (folder_ / "db").c_str(), 0, 0644), 0);
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &database), 0);
    for (const auto& [key, bytes] : entries) {
      MDB_val k{key.size(), const_cast<char*>(key.data())};
      MDB_val v{bytes.size(), const_cast<uint8_t*>(bytes.data())};
      ASSERT_EQ(mdb_put(txn, database, &k, &v, 0), 0);
    }
    ASSERT_EQ(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    fs::remove(folder_ / "db/lock.mdb");
  }

  std::vector<uint8_t> picture(uint64_t seed) {
    write_picture(folder_ / "p.png", random_image(32, 32, 3, seed));
    return read_bytes(folder_ / "p.png");
  }

  std::string db() const { return (folder_ / "db").string(); }

  TempFolder folder_;
};

TEST_F(Lmdb, PicturesAreReadByKeyAndBrokenOnesListed) {
  std::vector<std::pair<std::string, std::vector<uint8_t>>> entries;
  for (uint64_t i = 0; i < 20; ++i) {
    entries.emplace_back("key" + std::to_string(100 + i), picture(i));
  }
  entries[7].second.resize(50);
  entries[8].first = std::string("key108\n\x01");
  write(entries);
  const auto source = open_source(db());
  ASSERT_EQ(source->count(), 20);
  EXPECT_EQ(source->name(8), "key108??");
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

TEST_F(Lmdb, CutShortAnywhereIsAnErrorInWords) {
  std::vector<std::pair<std::string, std::vector<uint8_t>>> entries;
  for (uint64_t i = 0; i < 20; ++i) entries.emplace_back("k" + std::to_string(i), picture(i));
  write(entries);
  const auto whole = static_cast<int64_t>(fs::file_size(folder_ / "db/data.mdb"));
  for (int64_t size = whole - 1; size >= 0; size -= 1 + size / 12) {
    fs::resize_file(folder_ / "db/data.mdb", static_cast<uintmax_t>(size));
    EXPECT_HAS(error_of<FormatError>([&] { open_source(db()); }), "again") << size;
  }
  write_text(folder_ / "db/data.mdb", "this is no database");
  EXPECT_THROW(open_source(db()), FormatError);
}

}  // namespace
}  // namespace pg::testing
