// import_torch_test.cpp: both formats of torch.save yield the saved tensors, or one reason.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "data/formats/pickle/torch_file.h"
#include "kernels/error.h"
#include "tests/data/formats/zip_bytes.h"
#include "tests/model/bounded_memory.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

using test::bytes_of;
using test::bytes_of_floats;
using test::little_endian;
using test::PickleBytes;
using test::torch_legacy;
using test::torch_zip;
using test::ZipEntry;

using namespace std::string_literals;

using Floats = std::vector<float>;

std::string rejection(const std::string& bytes) {
  return error_of<FormatError>([&] { TorchFile(bytes_of(bytes), "a.pt"); });
}

Floats values_of(const TorchFile& file, std::string_view name) {
  return file.tensor(file.pickle().root().at(name)).floats();
}

// {"w": [[1, 2, 3], [4, 5, 6]], "wt": its transpose, "tail": [5, 6], "lod": 7.0}; the first three
// in one storage.
std::string sample_pickle() {
  return PickleBytes()
      .raw("}(")
      .text("w")
      .tensor({.key = "0", .elements = 6, .shape = {2, 3}})
      .text("wt")
      .tensor({.key = "0", .elements = 6, .shape = {3, 2}, .strides = {1, 3}})
      .text("tail")
      .tensor({.key = "0", .elements = 6, .shape = {2}, .offset = 4})
      .text("lod")
      .tensor({.key = "1", .elements = 1, .shape = {}})
      .raw("u")
      .end();
}
const std::string kFirst = bytes_of_floats({1, 2, 3, 4, 5, 6}), kSecond = bytes_of_floats({7});

std::string sample_zip() { return torch_zip(sample_pickle(), {{"0", kFirst}, {"1", kSecond}}); }
std::string sample_legacy() {
  return torch_legacy(sample_pickle(), {{"0", 6, kFirst}, {"1", 1, kSecond}});
}

TEST(TorchFile, BothFormatsYieldTheTensors) {
  const std::string zip = sample_zip(), legacy = sample_legacy();
  EXPECT_TRUE(TorchFile::is_zip(bytes_of(zip)) && !TorchFile::is_legacy(bytes_of(zip)));
  EXPECT_TRUE(TorchFile::is_legacy(bytes_of(legacy)) && !TorchFile::is_zip(bytes_of(legacy)));
  for (const std::string& bytes : {zip, legacy}) {
    const TorchFile file(bytes_of(bytes), "a.pt");
    EXPECT_EQ(values_of(file, "w"), (Floats{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(values_of(file, "wt"), (Floats{1, 4, 2, 5, 3, 6}));
    EXPECT_EQ(values_of(file, "tail"), (Floats{5, 6}));
    EXPECT_EQ(values_of(file, "lod"), (Floats{7}));
    EXPECT_TRUE(file.tensor(file.pickle().root().at("lod")).shape().empty());
    EXPECT_THROW(file.tensor(file.pickle().root()), FormatError);
  }
}

TEST(TorchFile, OtherElementTypesBecomeFloats) {
  const auto one = [](std::string_view type, const std::string& data, int32_t elements) {
    const std::string pickle =
        PickleBytes()
            .raw("}(")
            .text("x")
            .tensor({.key = "0", .elements = elements, .shape = {elements}, .type = type})
            .raw("u")
            .end();
    const std::string bytes = torch_zip(pickle, {{"0", data}});
    return values_of(TorchFile(bytes_of(bytes), "a.pt"), "x");
  };
  // 1, -2, the smallest and the largest half, 2^-14, infinity.
  const std::string halves = "\x00\x3c\x00\xc0\x01\x00\xff\x7b\x00\x04\x00\x7c"s;
  EXPECT_EQ(one("HalfStorage", halves, 6),
            (Floats{1, -2, std::ldexp(1.0f, -24), 65504, std::ldexp(1.0f, -14), INFINITY}));
  EXPECT_TRUE(std::isnan(one("HalfStorage", "\x01\x7e"s, 1)[0]));
  EXPECT_EQ(one("BFloat16Storage", "\x80\x3f\x20\xc1"s, 2), (Floats{1, -10}));
  EXPECT_EQ(one("DoubleStorage", little_endian(0.1), 1), (Floats{0.1f}));
  EXPECT_EQ(one("LongStorage", little_endian(int64_t{-3}), 1), (Floats{-3}));
  EXPECT_EQ(one("IntStorage", little_endian(int32_t{-4}), 1), (Floats{-4}));
  EXPECT_EQ(one("ShortStorage", little_endian(int16_t{-5}), 1), (Floats{-5}));
  EXPECT_EQ(one("CharStorage", "\xff", 1), (Floats{-1}));
  EXPECT_EQ(one("ByteStorage", "\xff", 1), (Floats{255}));
  EXPECT_EQ(one("BoolStorage", "\x02", 1), (Floats{1}));
  EXPECT_EQ(one("FloatStorage", "", 0), Floats{});
}

TEST(TorchFile, StoragesMustExistAndFit) {
  EXPECT_NE(
      rejection(torch_zip(sample_pickle(), {{"0", kFirst}})).find("the storage '1' is missing"),
      std::string::npos);
  EXPECT_NE(rejection(torch_zip(sample_pickle(), {{"0", kFirst.substr(1)}, {"1", kSecond}}))
                .find("'0' has 23 bytes; expected 6 elements of 4"),
            std::string::npos);
  EXPECT_NE(rejection(torch_legacy(sample_pickle(), {{"0", 6, kFirst}})).find("storage '1'"),
            std::string::npos);
  EXPECT_NE(
      rejection(torch_legacy(sample_pickle(), {{"0", 5, kFirst}})).find("5 elements; expected 6"),
      std::string::npos);
  EXPECT_NE(rejection(torch_legacy(sample_pickle(), {{"2", 6, kFirst}})).find("no tensor uses"),
            std::string::npos);
  EXPECT_NE(rejection(sample_legacy() + "x").find("the last 1 bytes"), std::string::npos);
  // Two storages of one name that claim different sizes.
  const std::string two =
      PickleBytes()
          .raw("](")
          .tensor({.key = "0", .elements = 1, .shape = {1}})
          .tensor({.key = "0", .elements = 2, .shape = {1}, .type = "DoubleStorage"})
          .raw("e")
          .end();
  EXPECT_NE(rejection(torch_zip(two, {{"0", kSecond}})).find("2 elements of 8"), std::string::npos);
  EXPECT_NE(rejection(torch_legacy(two, {{"0", 1, kSecond}})).find("2 elements of 8"),
            std::string::npos);
}

TEST(TorchFile, OtherArchivesAreRejected) {
  EXPECT_NE(rejection(test::zip_bytes({{"a.npy", "x"}})).find("no data.pkl"), std::string::npos);
  EXPECT_NE(
      rejection(test::zip_bytes({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}})).find("more than"),
      std::string::npos);
  EXPECT_NE(rejection(test::zip_bytes({{"a/data.pkl", "N."}, {"a/data.pkl", "N."}})).find("twice"),
            std::string::npos);
  EXPECT_NE(
      rejection(test::zip_bytes({{"a/data.pkl", "N."}, {"a/byteorder", "big"}})).find("big-e"),
      std::string::npos);
  EXPECT_NE(rejection(torch_legacy("N.", {}).replace(18, 1, "\xea")).find("1001"),
            std::string::npos);
}

TEST(TorchFile, EveryTruncationIsOneClearError) {
  for (const std::string& whole : {sample_zip(), sample_legacy()}) {
    for (size_t n = 4; n < whole.size(); ++n) {
      const std::string error = rejection(whole.substr(0, n));
      ASSERT_EQ(error.find("cannot import 'a.pt': "), 0u) << n << " bytes: " << error;
    }
  }
}

TEST(TorchFile, AFlippedBitIsRejectedOrReadAsAnotherValue) {
  for (const std::string& whole : {sample_zip(), sample_legacy()}) {
    for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      try {
        const TorchFile file(bytes_of(damaged), "a.pt");
        for (const PickleValue& value : file.pickle().tensors()) file.tensor(value).floats();
      } catch (const FormatError&) {
      }
    }
  }
}

TEST(TorchFile, DamagedElementsAreRejectedOnReading) {
  std::string bytes = sample_zip();
  bytes[bytes.find(kFirst)] ^= 1;
  const TorchFile file(bytes_of(bytes), "a.pt");
  EXPECT_EQ(values_of(file, "lod"), (Floats{7}));
  const std::string error = error_of<FormatError>([&] { values_of(file, "w"); });
  EXPECT_EQ(error.find("cannot import 'a.pt': an entry of the archive is damaged"), 0u) << error;
}

std::string deflated(const std::string& plain) {
  uLongf size = compressBound(plain.size());
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
            reinterpret_cast<const Bytef*>(plain.data()), plain.size(), 9);
  return packed.substr(2, size - 6);  // without the header and checksum of zlib
}

TEST(TorchFile, CompressedEntriesAreUnpackedAndBombsAreNot) {
  const auto entry = [](const std::string& plain, uint32_t claimed) {
    const auto crc = static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(plain.data()), plain.size()));
    return ZipEntry{"1", deflated(plain), 8, claimed, crc};
  };
  const std::string good = torch_zip(sample_pickle(), {{"0", kFirst}, entry(kSecond, 4)});
  EXPECT_EQ(values_of(TorchFile(bytes_of(good), "a.pt"), "lod"), (Floats{7}));

  const std::string zeros(200'000'000, '\0');
  const ZipEntry bomb = entry(zeros, 200'000'000), liar = entry(zeros, 4);
  const std::string honest = torch_zip(sample_pickle(), {{"0", kFirst}, bomb});
  EXPECT_NE(rejection(honest).find("more than 16 times"), std::string::npos);
  const std::string lying = torch_zip(sample_pickle(), {{"0", kFirst}, liar});
  const auto read = [&] {
    const TorchFile file(bytes_of(lying), "a.pt");
    EXPECT_NE(
        error_of<FormatError>([&] { values_of(file, "lod"); }).find("4 bytes that it declares"),
        std::string::npos);
  };
  read();
  EXPECT_LT(test::memory_of(read), 20'000'000);
  const ZipEntry huge{"1", kSecond, 0, 0xfffffffe};
  EXPECT_NE(rejection(torch_zip(sample_pickle(), {{"0", kFirst}, huge})).find("more than 16 times"),
            std::string::npos);
}

TEST(TorchFile, RepeatedTensorsShareTheirStorage) {
  constexpr int32_t kElements = 1 << 20;
  PickleBytes pickle;
  pickle.raw("](");
  for (int i = 0; i < 100; ++i) {
    pickle.tensor({.key = "0", .elements = kElements, .shape = {kElements}});
  }
  const std::string data(size_t{4} * kElements, '\0');
  const std::string bytes = torch_zip(pickle.raw("e").end(), {{"0", data}});
  const int64_t grown = test::memory_of([&] {
    const TorchFile file(bytes_of(bytes), "a.pt");
    std::vector<HostTensor> all;
    for (const PickleValue& value : file.pickle().tensors()) all.push_back(file.tensor(value));
    for (const HostTensor& tensor : all) EXPECT_EQ(tensor.floats().size(), size_t{kElements});
  });
  // AddressSanitizer keeps up to 256 MB of freed memory; 100 separate storages would take 400 MB.
#ifdef __SANITIZE_ADDRESS__
  constexpr int64_t kMost = 350'000'000;
#else
  constexpr int64_t kMost = 60'000'000;
#endif
  EXPECT_LT(grown, kMost);
}

}  // namespace
}  // namespace pg
