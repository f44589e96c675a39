// export_bytes_test.cpp: archives, pickles and protocol buffers, byte by byte.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "data/formats/protobuf.h"
#include "data/formats/stored_zip.h"
#include "model/foreign/torch_writer.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

using namespace std::string_literals;

using ExportBytes = TemporaryFolder;

// The directory has the offsets of local headers, and data is aligned and complete.
TEST_F(ExportBytes, ZipDirectoryPointsToAlignedEntries) {
  const std::string first = "some text", second(1000, 'x');
  StoredZip zip(folder_ / "a.zip");
  zip.add("archive/one", bytes_of(first));
  zip.add("archive/two", bytes_of(second));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a.zip"));
  zip.finish();
  const std::string file = read_text(folder_ / "a.zip");
  const auto number = [&](size_t at, size_t bytes) {
    uint64_t value = 0;
    std::memcpy(&value, file.data() + at, bytes);
    return value;
  };
  const size_t end = file.size() - 22;
  ASSERT_EQ(file.substr(end, 4), "PK\5\6");
  EXPECT_EQ(number(end + 10, 2), 2U);
  size_t entry = number(end + 16, 4);
  EXPECT_EQ(entry + number(end + 12, 4), end);
  for (const auto& [name, data] : {std::pair("archive/one"s, first), {"archive/two"s, second}}) {
    ASSERT_EQ(file.substr(entry, 4), "PK\1\2");
    EXPECT_EQ(number(entry + 16, 4),
              crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
    EXPECT_EQ(file.substr(entry + 46, name.size()), name);
    const size_t local = number(entry + 42, 4);
    ASSERT_EQ(file.substr(local, 4), "PK\3\4");
    EXPECT_EQ(file.substr(local + 30, name.size()), name);
    const size_t start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
    EXPECT_EQ(start % 64, 0U);
    EXPECT_EQ(file.substr(start, data.size()), data);
    entry += 46 + name.size();
  }
}

// In the notation of pickletools: PROTO 2, EMPTY_DICT, MARK, ..., SETITEMS, STOP.
TEST_F(ExportBytes, TorchPickleHasTheseOpcodes) {
  TorchWriter w;
  w.begin_dict();
  w.key("n");
  w.integer(-2);
  w.key("w");
  const std::vector<HostArray> arrays = {
      {.name = "a", .shape = {2, 3}, .values = {1, 2, 3, 4, 5, 6}}};
  w.state_dict(arrays, {{"b", "a"}});
  w.end_dict();
  w.write(folder_ / "a.pth");
  const std::string tensor =
      "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"
      "X\1\0\0\0"
      "0"
      "X\3\0\0\0cpuJ\6\0\0\0tQJ\0\0\0\0(J\2\0\0\0J\3\0\0\0t(J\3\0\0\0J\1\0\0\0t"
      "\x89"
      "ccollections\nOrderedDict\n)RtR"s;
  const std::string pickle = "\x80\2}(X\1\0\0\0nJ\xfe\xff\xff\xffX\1\0\0\0w"s +
                             "ccollections\nOrderedDict\n)R(X\1\0\0\0a"s + tensor + "X\1\0\0\0b"s +
                             tensor + "uu.";
  const std::string file = read_text(folder_ / "a.pth");
  EXPECT_NE(file.find(pickle), std::string::npos);
  EXPECT_EQ(file.find("archive/data/1"), std::string::npos);  // b shares the storage of a
}

// The example of the documented wire format: field 1 = 150 is 08 96 01.
TEST(Protobuf, FieldsHaveTheDocumentedBytes) {
  ProtoMessage m;
  m.integer(1, 150);
  EXPECT_EQ(m.bytes(), "\x08\x96\x01");
  m.text(2, "testing");
  EXPECT_EQ(m.bytes(), "\x08\x96\x01\x12\x07testing");
  ProtoMessage outer, negative, number;
  outer.message(3, m);
  EXPECT_EQ(outer.bytes(), "\x1a\x0c\x08\x96\x01\x12\x07testing");
  negative.integer(1, -1);
  EXPECT_EQ(negative.bytes(), "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  number.number(16, 1.0F);
  EXPECT_EQ(number.bytes(), "\x85\x01\0\0\x80\x3f"s);
}

}  // namespace
}  // namespace pg
