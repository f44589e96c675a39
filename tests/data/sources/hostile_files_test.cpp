// hostile_files_test.cpp: sources that change while they are read, or that are made to exhaust the
// stack or memory: each is one error, and memory is that of what is kept.
#include <sys/stat.h>

#include "data/files/shown.h"
#include "data/formats/npy.h"
#include "data/sets/dataset.h"
#include "data/sources/source.h"
#include "tests/data/formats/records.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/data/support.h"
#include "tests/model/bounded_memory.h"

namespace pg::testing {
namespace {

using pg::test::memory_of;
using pg::test::ZipEntry;

constexpr int64_t kMemory = 64'000'000;  // above that of the process

// An entry of a zip archive that unpacks to `head`, `count` times `body`, and `tail`.
ZipEntry packed(const std::string& name, const std::string& head, const std::string& body,
                int64_t count, const std::string& tail = "") {
  std::string out;
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string buffer(1 << 16, '\0');
  auto crc = static_cast<uint32_t>(crc32(0, nullptr, 0));
  const auto add = [&](const std::string& text, int flush) {
    crc = static_cast<uint32_t>(
        crc32_z(crc, reinterpret_cast<const Bytef*>(text.data()), text.size()));
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      deflate(&stream, flush);
      out.append(buffer, 0, buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  };
  add(head, Z_NO_FLUSH);
  for (int64_t i = 0; i < count; ++i) add(body, Z_NO_FLUSH);
  add(tail, Z_FINISH);
  deflateEnd(&stream);
  const auto size =
      static_cast<uint32_t>(head.size() + body.size() * static_cast<size_t>(count) + tail.size());
  return {name, out, 8, size, crc};
}

class HostileFiles : public ::testing::Test {
 protected:
  std::string image() {
    write_png(folder_ / "x.png", flat_image(4, {1, 2, 3}));
    const std::vector<uint8_t> bytes = read_bytes(folder_ / "x.png");
    return {bytes.begin(), bytes.end()};
  }

  // The error of opening an archive of one image and this dataset.json.
  std::string zip_rejection(const ZipEntry& labels) {
    write_text(folder_ / "set.zip", test::zip_bytes({{"a.png", image()}, labels}));
    return error_of<FormatError>([&] { open_source((folder_ / "set.zip").string()); });
  }

  std::string where() const { return folder_.path().string(); }

  TempFolder folder_;
};

TEST_F(HostileFiles, IdxCutShortWhileOpenIsAnError) {
  const std::vector<uint8_t> data(100 * 1000);
  write_bytes(folder_ / "train-images-idx3-ubyte", idx_bytes({100, 10, 100}, data));
  write_bytes(folder_ / "train-labels-idx1-ubyte", idx_bytes({100}, std::span(data).first(100)));
  const auto source = open_source(where());
  fs::resize_file(folder_ / "train-images-idx3-ubyte", 50);
  fs::resize_file(folder_ / "train-labels-idx1-ubyte", 9);
  EXPECT_HAS(error_of<IoError>([&] { source->load(99); }), "truncated while in use");
  EXPECT_HAS(error_of<IoError>([&] { source->label(99); }), "truncated while in use");
}

TEST_F(HostileFiles, IdxLabelsChangedWhileOpenStayInRange) {
  const std::vector<uint8_t> data(300);
  write_bytes(folder_ / "train-images-idx3-ubyte", idx_bytes({3, 10, 10}, data));
  write_bytes(folder_ / "train-labels-idx1-ubyte", idx_bytes({3}, std::vector<uint8_t>{0, 1, 1}));
  const auto source = open_source(where());
  write_bytes(folder_ / "train-labels-idx1-ubyte", idx_bytes({3}, std::vector<uint8_t>{0, 9, 1}));
  EXPECT_HAS(error_of<IoError>([&] { source->label(1); }), "was changed while it was read");
}

TEST_F(HostileFiles, CifarCutShortWhileOpenIsAnError) {
  write_bytes(folder_ / "data_batch_1.bin", std::vector<uint8_t>(3073 * 20));
  const auto source = open_source(where());
  fs::resize_file(folder_ / "data_batch_1.bin", 1000);
  EXPECT_HAS(error_of<IoError>([&] { source->load(19); }), "truncated while in use");
  EXPECT_EQ(source->label(19), 0);
}

TEST_F(HostileFiles, ZipCutShortWhileOpenIsAnError) {
  write_text(folder_ / "set.zip",
             test::zip_bytes({{"a.png", image()}, {"b.png", std::string(100000, 'x')}}));
  const auto source = open_source((folder_ / "set.zip").string());
  fs::resize_file(folder_ / "set.zip", 100);
  EXPECT_HAS(error_of<FormatError>([&] { source->load(1); }), "set.zip: an entry");
}

TEST_F(HostileFiles, GzipIdxStopsAtItsDeclaredSize) {
  const std::string name = "images-idx3-ubyte.gz";
  std::vector<uint8_t> bytes = idx_bytes({10, 28, 28}, {});
  bytes.resize(300'000'000);
  write_gzip(folder_ / name, bytes);
  bytes = {};
  const auto open = [&] { open_source((folder_ / name).string()); };
  EXPECT_LT(memory_of([&] {
              EXPECT_HAS(error_of<FormatError>(open),
                         "more data than the 7840 bytes that its idx header requires");
            }),
            kMemory);
}

TEST_F(HostileFiles, GzipIdxCannotDeclareMoreThanItHolds) {
  write_gzip(folder_ / "images-idx3-ubyte.gz", idx_bytes({1000000, 1000, 1000}, {}));
  EXPECT_HAS(error_of<FormatError>([&] { open_source(where()); }), "more than a gzip file of");
}

TEST_F(HostileFiles, DeepLabelFilesAreRejected) {
  const std::string deep = std::string(500000, '[') + std::string(500000, ']');
  for (const std::string& text :
       {R"({"labels": [["a.png", )" + deep + "]]}", R"({"labels": )" + deep + "}",
        R"({"x": )" + deep + R"(, "labels": null})", deep, std::string(3'000'000, '[')}) {
    write_text(folder_ / "dataset.json", text);
    write_image(folder_ / "a.png", flat_image(4, {1}));
    EXPECT_HAS(error_of<FormatError>([&] { open_source(where()); }),
               "has values nested more than 64 deep");
    EXPECT_HAS(zip_rejection({"dataset.json", text}), "nested more than 64 deep");
  }
}

TEST_F(HostileFiles, DeepDescriptionsOfDataSetsAreRejected) {
  const std::string deep = std::string(500000, '[') + std::string(500000, ']');
  write_text(folder_ / "dataset.json", R"({"format": )" + deep + "}");
  EXPECT_HAS(error_of<FormatError>([&] { Dataset{folder_.path()}; }),
             "dataset.json is damaged (it has values nested more than 64 deep)");
}

TEST_F(HostileFiles, LabelFilesOfManyEntriesTakeNoMemory) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer keeps freed memory, here that of each entry";
#endif
  const ZipEntry many = packed("dataset.json", R"({"labels": [["a.png", 3])",
                               R"(,["another/file.png",0])", 10'000'000, "]}");
  write_text(folder_ / "set.zip", test::zip_bytes({{"a.png", image()}, many}));
  EXPECT_LT(memory_of([&] {
              const auto source = open_source((folder_ / "set.zip").string());
              EXPECT_EQ(source->label(0), 3);
            }),
            kMemory);
}

TEST_F(HostileFiles, LabelFilesOfOneLongStringTakeNoMemory) {
  const ZipEntry text = packed("dataset.json", R"({"labels": [["a.png", 0], [")",
                               std::string(1000, 'a'), 200'000, R"(", 0]]})");
  EXPECT_LT(memory_of([&] {
              EXPECT_HAS(zip_rejection(text), "a string or number of more than 65536 bytes");
            }),
            kMemory);
}

TEST_F(HostileFiles, ZipEntriesOfMoreThanTheLimitTakeNoMemory) {
  const ZipEntry bomb = packed("b.png", image(), std::string(1'000'000, '\0'), 1500);
  write_text(folder_ / "set.zip", test::zip_bytes({{"a.png", image()}, bomb}));
  EXPECT_LT(memory_of([&] {
              const auto source = open_source((folder_ / "set.zip").string());
              EXPECT_HAS(error_of<FormatError>([&] { source->load(1); }), "b.png");
            }),
            kMemory);
}

TEST_F(HostileFiles, DatasetJsonIsSkippedUnlessItIsAFile) {
  write_image(folder_ / "a.png", flat_image(4, {1}));
  const fs::path json = folder_ / "dataset.json";
  const auto notes = [&] { return joined(open_source(where())->notes()); };
  fs::create_symlink("/dev/zero", json);
  EXPECT_EQ(notes(), "skipped 1 entry that is not a file: dataset.json (a device)");
  fs::remove(json);
  ASSERT_EQ(mkfifo(json.c_str(), 0600), 0);
  EXPECT_EQ(notes(), "skipped 1 entry that is not a file: dataset.json (a FIFO)");
  fs::remove(json);
  fs::create_directory(json);
  EXPECT_EQ(notes(), "");
}

TEST_F(HostileFiles, FifosAndDevicesAreNotSources) {
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  EXPECT_HAS(error_of<IoError>([&] { open_source((folder_ / "fifo").string()); }),
             "not a regular file but a FIFO");
  EXPECT_HAS(error_of<IoError>([&] { open_source("/dev/zero"); }),
             "not a regular file but a device");
}

TEST_F(HostileFiles, LongClassNameFilesAreRejected) {
  write_bytes(folder_ / "data_batch_1.bin", std::vector<uint8_t>(3073));
  write_text(folder_ / "batches.meta.txt", "");
  fs::resize_file(folder_ / "batches.meta.txt", 5'000'000'000);
  EXPECT_HAS(error_of<FormatError>([&] { open_source(where()); }), "expected at most 1048576");
}

TEST_F(HostileFiles, LabelsBeyondTheImagesTakeNoMemory) {
  // One record, and a sparse array of 400 million class numbers.
  const NpyHeader header{NpyType::i32, {400'000'000}};
  write_text(folder_ / "a-rxx.labels", format_npy_header(header));
  fs::resize_file(folder_ / "a-rxx.labels",
                  static_cast<uintmax_t>(kNpyHeaderBytes) + 1'600'000'000);
  write_text(folder_ / "a-r02.tfrecords", record("x"));
  EXPECT_LT(memory_of([&] {
              const auto source = open_source((folder_ / "a-r02.tfrecords").string());
              EXPECT_EQ(source->label(0), 0);
            }),
            kMemory);
}

}  // namespace
}  // namespace pg::testing
