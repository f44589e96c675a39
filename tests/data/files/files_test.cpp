// files_test.cpp: files appear complete or not at all; .npy headers are checked strictly.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <functional>

#include "data/files/atomic_file.h"
#include "data/files/crc32.h"
#include "data/files/read_file.h"
#include "data/formats/npy.h"
#include "data/formats/npy_writer.h"
#include "tests/data/support.h"
#include "tests/model/bounded_memory.h"

namespace pg::testing {
namespace {

int64_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(AtomicFile, AppearsOnlyAtCommit) {
  const TempFolder folder;
  const fs::path path = folder / "out.bin";
  {
    AtomicFile file(path);
    file.write("hello ");
    file.write("world");
    EXPECT_FALSE(fs::exists(path));
    file.overwrite(0, bytes_of(std::string("J")));
    file.commit();
  }
  const auto bytes = read_bytes(path);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "Jello world");
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(AtomicFile, UncommittedLeavesTheOldFile) {
  const TempFolder folder;
  write_text(folder / "out.bin", "old");
  {
    AtomicFile file(folder / "out.bin");
    file.write("new");
  }
  const auto bytes = read_bytes(folder / "out.bin");
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "old");
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(AtomicFile, KeepsOrderAcrossTheBuffer) {
  const TempFolder folder;
  std::vector<uint8_t> expected;
  AtomicFile file(folder / "out.bin");
  for (size_t part = 0; part < 9; ++part) {  // below, at and above the size of the buffer
    const std::vector<uint8_t> bytes((size_t{1} << 18) * part + part, static_cast<uint8_t>(part));
    file.write(bytes_of(bytes));
    expected.insert(expected.end(), bytes.begin(), bytes.end());
  }
  EXPECT_EQ(file.size(), static_cast<int64_t>(expected.size()));
  file.commit();
  EXPECT_EQ(read_bytes(folder / "out.bin"), expected);
}

TEST(AtomicFile, MissingFolderIsNamed) {
  const TempFolder folder;
  const std::string text =
      error_of<IoError>([&] { write_file_atomically(folder / "none/out.bin", "x"); });
  EXPECT_HAS(text, "none/out.bin");
  EXPECT_HAS(text, "No such file or directory");
}

// A limit on the file size simulates a full disk.
TEST(AtomicFile, FullDiskKeepsTheOldFile) {
  const TempFolder folder;
  write_text(folder / "out.bin", "old");
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {100000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::vector<uint8_t> large(300000);
  const std::string text =
      error_of<IoError>([&] { write_file_atomically(folder / "out.bin", {bytes_of(large)}); });
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_HAS(text, "File too large");
  EXPECT_EQ(read_bytes(folder / "out.bin").size(), 3u);
  EXPECT_EQ(entries(folder.path()), 1);
}

// Calls read(path) in each of the ways in which files are opened.
void each_way(const fs::path& path, const std::function<void(const std::function<void()>&)>& f) {
  f([&] { read_file(path); });
  f([&] { read_file_start(path, 4); });
  f([&] { ReadFile{path}; });
}

TEST(Files, OnlyRegularFilesAreRead) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", folder / "endless");
  for (const auto& [name, kind] : {std::pair("fifo", "not a regular file but a FIFO"),
                                   std::pair("endless", "not a regular file but a device"),
                                   std::pair("", "not a regular file but a folder")}) {
    each_way(folder / name, [&, kind = kind](const std::function<void()>& read) {
      EXPECT_HAS(error_of<IoError>(read), kind);
    });
  }
}

TEST(Files, LargeFilesAreRejectedBeforeMemoryIsTaken) {
  const TempFolder folder;
  write_text(folder / "large", "");
  fs::resize_file(folder / "large", 6'000'000'000);  // sparse
  EXPECT_LT(pg::test::memory_of([&] {
              EXPECT_HAS(error_of<FormatError>([&] { read_file(folder / "large"); }),
                         "6000000000 bytes; expected at most 1073741824");
              EXPECT_HAS(error_of<FormatError>([&] { read_file(folder / "large", 10); }),
                         "expected at most 10");
            }),
            10'000'000);
}

TEST(Files, TruncationAndChangesAreNoticed) {
  const TempFolder folder;
  write_text(folder / "a", "some bytes");
  const ReadFile file(folder / "a");
  EXPECT_TRUE(file.unchanged());
  fs::resize_file(folder / "a", 3);
  EXPECT_FALSE(file.unchanged());
  std::vector<uint8_t> bytes(10);
  EXPECT_HAS(error_of<IoError>([&] { file.read(0, bytes); }), "truncated while in use");
}

std::string header_with(const std::string& dictionary) {
  std::string text = "\x93NUMPY\x01";
  text += '\0';
  text += static_cast<char>(dictionary.size());
  text += '\0';
  return text + dictionary;
}

ParsedNpyHeader parse(const std::string& text) {
  return parse_npy_header(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()),
                          "x.npy");
}

TEST(Npy, HeaderRoundTrips) {
  for (const NpyHeader& header : {NpyHeader{NpyType::u8, {70000, 1024, 1024, 3}},
                                  NpyHeader{NpyType::i32, {5}}, NpyHeader{NpyType::i32, {}}}) {
    const std::string text = format_npy_header(header);
    EXPECT_EQ(text.size(), static_cast<size_t>(kNpyHeaderBytes));
    const ParsedNpyHeader parsed = parse(text);
    EXPECT_EQ(parsed.header.shape, header.shape);
    EXPECT_EQ(parsed.header.type, header.type);
    EXPECT_EQ(parsed.data_offset, kNpyHeaderBytes);
  }
}

TEST(Npy, ReadsHeadersOfNumPy) {
  const auto parsed =
      parse(header_with("{'descr': '|u1', 'fortran_order': False, 'shape': (7, 2), }   \n"));
  EXPECT_EQ(parsed.header.shape, (std::vector<int64_t>{7, 2}));
  EXPECT_EQ(
      parse(header_with("{'shape':(3,),'descr':'<i4','fortran_order':False}\n")).header.elements(),
      3);
}

TEST(Npy, HostileHeadersAreFormatErrors) {
  const std::string start = "{'descr': '|u1', 'fortran_order': False, 'shape': ";
  for (const std::string& dictionary :
       {std::string(""), std::string("{"), std::string("{}"), start, start + "(", start + "(1",
        start + "(1)}", start + "(-1,)}", start + "(1,,)}", start + "(99999999999999999999,)}",
        start + "(4000000000,4000000000,)}", start + "(1,1,1,1,1)}", start + "(1,)} x",
        start + "(1,), 'shape': (1,)}", start + "(1,), 'more': 1}",
        std::string("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"),
        std::string("{'descr': '|u1', 'fortran_order': True, 'shape': (1,)}"),
        std::string("{'descr': '|u1, 'fortran_order': False, 'shape': (1,)}"),
        std::string("{'descr': '|u1'}")}) {
    EXPECT_HAS(error_of<FormatError>([&] { parse(header_with(dictionary)); }), "x.npy");
  }
  EXPECT_HAS(error_of<FormatError>([&] { parse(""); }), "not an .npy file");
  EXPECT_HAS(error_of<FormatError>([&] { parse("PK\x03\x04 something else"); }), "not an .npy");
  EXPECT_HAS(error_of<FormatError>([&] { parse(header_with(start).substr(0, 30)); }),
             "ends within");
}

TEST(ReadFile, NamesTheEndOfATruncatedFile) {
  const TempFolder folder;
  write_text(folder / "a", "0123456789");
  const ReadFile file(folder / "a");
  std::vector<uint8_t> four(4);
  file.read(6, four);
  EXPECT_EQ(std::string(four.begin(), four.end()), "6789");
  fs::resize_file(folder / "a", 8);
  EXPECT_HAS(error_of<IoError>([&] { file.read(6, four); }), "ends at byte 8 but had 10");
  EXPECT_HAS(error_of<IoError>([&] { file.read(100, four); }), "ends at byte 100");
}

TEST(Npy, LengthMustMatchTheHeader) {
  const TempFolder folder;
  NpyWriter writer(folder / "a.npy");
  const std::vector<int32_t> values = {1, -2, 3};
  writer.write(bytes_of(values));
  const NpyWriter::Written file = writer.finish({NpyType::i32, {3}});
  std::vector<int32_t> read(2);
  NpyFile(folder / "a.npy").read(1, read);
  EXPECT_EQ(read, (std::vector<int32_t>{-2, 3}));
  EXPECT_EQ(file.bytes, kNpyHeaderBytes + 12);
  EXPECT_EQ(file.crc32, crc32_of(bytes_of(read_bytes(folder / "a.npy"))));

  fs::resize_file(folder / "a.npy", 130);
  EXPECT_HAS(error_of<FormatError>([&] { NpyFile(folder / "a.npy"); }), "130 bytes");
}

}  // namespace
}  // namespace pg::testing
