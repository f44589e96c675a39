// safetensors_test.cpp: files are read as written, damaged ones are rejected, and a failed write
// leaves the earlier file.
#include "data/formats/safetensors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstring>

#include "kernels/error.h"
#include "tests/model/bounded_memory.h"
#include "tests/model/temporary_folder.h"
#include "tests/stored_values.h"

namespace pg {
namespace {

class SafetensorsFile : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    path_ = folder_ / "a.safetensors";
  }

  void write_sample() {
    const std::vector<NamedBuffer> buffers = {
        {"pixels", StoredType::u8, {3}, pixels_.data()},
        {"g.w", StoredType::f32, {2, 2}, w_.data()},
        {"loss", StoredType::f64, {}, &loss_},
        {"counters", StoredType::u64, {2}, counters_.data()},
        {"empty", StoredType::f32, {0, 5}, nullptr},
        {"steps", StoredType::i64, {1}, &steps_},
        {"labels", StoredType::i32, {2}, labels_.data()},
    };
    write_safetensors(path_, buffers, {{"kimg", "160"}, {"config", "[model]\nx = \"\xc3\xa9\"\n"}});
  }

  // The error for a file with this header and this many bytes of data, as another program might
  // write it.
  std::string rejection(const std::string& header, size_t data_bytes) {
    uint64_t length = header.size();
    std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
    write_text(path_, file + header + std::string(data_bytes, '\0'));
    return error_of<FormatError>([&] { Safetensors{path_}; });
  }

  std::filesystem::path path_;
  std::vector<uint8_t> pixels_ = {1, 2, 255};
  std::vector<float> w_ = {1.5f, -2.0f, 0.0f, 1e-30f};
  double loss_ = 0.1;
  std::vector<uint64_t> counters_ = {1, ~uint64_t{0}};
  int64_t steps_ = -7;
  std::vector<int32_t> labels_ = {-1, 9};
};

TEST_F(SafetensorsFile, ReadsTheWrittenTensors) {
  write_sample();
  const Safetensors file(path_);
  EXPECT_EQ(file.names(), (std::vector<std::string>{"counters", "empty", "g.w", "labels", "loss",
                                                    "pixels", "steps"}));
  EXPECT_EQ(file.metadata_at("kimg"), "160");
  EXPECT_EQ(file.metadata_at("config"), "[model]\nx = \"\xc3\xa9\"\n");
  EXPECT_EQ(file.at("g.w").shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(test::values_of<float>(file, file.at("g.w")), w_);
  EXPECT_EQ(test::values_of<double>(file, file.at("loss"))[0], loss_);
  EXPECT_TRUE(file.at("loss").shape.empty());
  EXPECT_EQ(test::values_of<uint64_t>(file, file.at("counters")), counters_);
  EXPECT_EQ(test::values_of<int64_t>(file, file.at("steps"))[0], -7);
  EXPECT_EQ(test::values_of<int32_t>(file, file.at("labels")), labels_);
  EXPECT_EQ(test::values_of<uint8_t>(file, file.at("pixels")), pixels_);
  EXPECT_EQ(file.at("empty").elements(), 0);
  EXPECT_EQ(file.find("nothing"), nullptr);
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(SafetensorsFile, DataStartsAtAMultipleOf64) {
  write_sample();
  const std::string text = read_text(path_);
  uint64_t length = 0;
  std::memcpy(&length, text.data(), sizeof(length));
  EXPECT_EQ((length + sizeof(length)) % 64, 0u);
  EXPECT_EQ(text[8], '{');
}

TEST_F(SafetensorsFile, ErrorNamesTheMissingTensor) {
  write_sample();
  const Safetensors file(path_);
  EXPECT_NE(error_of<FormatError>([&] { file.at("nothing"); }).find("no tensor 'nothing'"),
            std::string::npos);
}

TEST_F(SafetensorsFile, EveryTruncationIsRejected) {
  write_sample();
  const std::string whole = read_text(path_);
  for (size_t n = 0; n < whole.size(); ++n) {
    write_text(path_, whole.substr(0, n));
    const std::string error = error_of<FormatError>([&] { Safetensors{path_}; });
    ASSERT_NE(error.find(path_.string()), std::string::npos) << n << " bytes: " << error;
  }
}

TEST_F(SafetensorsFile, AFlippedBitInAnyByteIsRejectedOrHarmless) {
  write_sample();
  const std::string whole = read_text(path_);
  const size_t padding = whole.find("  ");
  const Metadata metadata = Safetensors(path_).metadata();
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    std::string damaged = whole;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << byte % 8));
    write_text(path_, damaged);
    try {
      const Safetensors file(path_);
      // Only the spaces after the header can become other white space.
      ASSERT_GE(byte, padding - 1);
      ASSERT_EQ(file.metadata(), metadata);
    } catch (const FormatError&) {
    }
  }
}

TEST_F(SafetensorsFile, DamageIsNamed) {
  EXPECT_NE(rejection("", 0).find("JSON"), std::string::npos);
  EXPECT_NE(rejection("[]", 0).find("not a JSON object"), std::string::npos);
  const auto one = [&](const std::string& entry, size_t bytes) {
    return rejection("{\"a\":" + entry + "}", bytes);
  };
  EXPECT_NE(one("3", 0).find("entry of tensor 'a'"), std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F31","shape":[1],"data_offsets":[0,4]})", 4).find("F31"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", 4)
                .find("expected a count, got -1"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", 4).find("requires 8"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 4).find("bytes 0 to 8 of 4"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[1],"data_offsets":[8,4]})", 8).find("bytes 8 to 4"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,8]})", 8).find("gap"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", 5).find("last 1 bytes"),
            std::string::npos);
  EXPECT_NE(one(R"({"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]})", 0)
                .find("too large for memory"),
            std::string::npos);
  EXPECT_NE(rejection(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                      R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                      3)
                .find("overlaps"),
            std::string::npos);
  EXPECT_NE(rejection(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                      R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                      0)
                .find("twice"),
            std::string::npos);
  EXPECT_NE(rejection(R"({"__metadata__":{"a":1}})", 0).find("'a' is not a string"),
            std::string::npos);
}

TEST_F(SafetensorsFile, DeepValuesAndOddNamesStayOutOfMessages) {
  const std::string deep = std::string(500000, '[') + std::string(500000, ']');
  for (const std::string& header :
       {R"({"a":{"dtype":)" + deep + R"(,"shape":[1],"data_offsets":[0,4]}})",
        R"({"a":{"dtype":"F32","shape":[)" + deep + R"(],"data_offsets":[0,4]}})",
        R"({"__metadata__":{"crc32":"0","header_crc32":"0"},"a":)" + deep + "}",
        R"({"a":)" + deep}) {
    EXPECT_NE(rejection(header, 4).find("the header has values nested more than 64 deep"),
              std::string::npos);
  }
  EXPECT_NE(rejection(R"({"a":{"dtype":[["F32"]],"shape":[1],"data_offsets":[0,4]}})", 4)
                .find("element type array"),
            std::string::npos);
  EXPECT_NE(
      rejection(R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", 4).find("got array"),
      std::string::npos);
  const std::string error = rejection("{\"a\\n" + std::string(5000, 'b') + "\":3}", 0);
  EXPECT_LT(error.size(), 800u);
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

TEST_F(SafetensorsFile, HeadersOfManyShortValuesTakeLittleMemory) {
  std::string many = "{\"a\":[";
  for (int i = 0; i < 3'000'000; ++i) many += "[],";
  const auto reject = [&] {
    EXPECT_NE(rejection(many + "[]]}", 0).find("more than 1048576 values"), std::string::npos);
  };
  EXPECT_LT(test::memory_of(reject), 64'000'000);
}

TEST_F(SafetensorsFile, TruncationAfterOpeningIsAnError) {
  write_sample();
  const Safetensors file(path_);
  std::filesystem::resize_file(path_, 100);
  EXPECT_NE(error_of<IoError>([&] { file.read(file.at("counters")); }).find("truncated"),
            std::string::npos);
}

TEST_F(SafetensorsFile, ChangeAfterOpeningIsAnError) {
  write_sample();
  const Safetensors file(path_);
  std::filesystem::last_write_time(
      path_, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(1));
  EXPECT_NE(error_of<IoError>([&] { file.read(file.at("counters")); }).find("was changed"),
            std::string::npos);
}

TEST_F(SafetensorsFile, AnotherFileRenamedOverItChangesNothing) {
  write_sample();
  const Safetensors file(path_);
  write_text(folder_ / "b", "something else");
  std::filesystem::rename(folder_ / "b", path_);
  EXPECT_EQ(test::values_of<uint64_t>(file, file.at("counters")), counters_);
}

TEST_F(SafetensorsFile, HugeHeaderLengthIsRejectedAtOnce) {
  for (const uint64_t length : {uint64_t{1} << 62, ~uint64_t{0}, uint64_t{9}}) {
    std::string file(reinterpret_cast<const char*>(&length), sizeof(length));
    write_text(path_, file + "{}");
    EXPECT_NE(error_of<FormatError>([&] { Safetensors{path_}; }).find("longer than the file"),
              std::string::npos);
  }
}

TEST_F(SafetensorsFile, FileOfAnotherProgramNeedsNoChecksum) {
  EXPECT_EQ(rejection(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   )", 4),
            "no error of this type");
  const Safetensors file(path_);
  EXPECT_EQ(file.at("a").elements(), 1);
  EXPECT_EQ(test::values_of<float>(file, file.at("a")), std::vector<float>{0.0f});
}

TEST_F(SafetensorsFile, MissingFileAndFolderAreIoErrors) {
  EXPECT_THROW(Safetensors{path_}, IoError);
  EXPECT_THROW(Safetensors{folder_}, IoError);
  EXPECT_THROW(write_safetensors(folder_ / "none" / "a.safetensors", {}, {}), IoError);
}

TEST_F(SafetensorsFile, FullDiskLeavesOnlyTheEarlierFile) {
  write_sample();
  const std::string before = read_text(path_);
  // A limit on file sizes makes write() fail half way, as a full disk does.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small = {1 << 16, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::vector<float> large(100000);
  const std::vector<NamedBuffer> buffers = {{"large", StoredType::f32, {100000}, large.data()}};
  const std::string error = error_of<IoError>([&] { write_safetensors(path_, buffers, {}); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_NE(error.find("cannot write " + path_.string()), std::string::npos) << error;
  EXPECT_EQ(read_text(path_), before);
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(SafetensorsFile, NamesMustBeUniqueAndUtf8) {
  const float x = 1.0f;
  const std::vector<NamedBuffer> twice = {{"x", StoredType::f32, {}, &x},
                                          {"x", StoredType::f32, {}, &x}};
  EXPECT_THROW(write_safetensors(path_, twice, {}), UsageError);
  const std::vector<NamedBuffer> bytes = {{"\xff", StoredType::f32, {}, &x}};
  EXPECT_THROW(write_safetensors(path_, bytes, {}), UsageError);
  EXPECT_THROW(write_safetensors(path_, {}, {{"a", "\xff"}}), UsageError);
  EXPECT_EQ(files_in_folder(), 0u);
}

TEST_F(SafetensorsFile, SameContentIsTheSameBytes) {
  write_sample();
  const std::string first = read_text(path_);
  write_sample();
  EXPECT_EQ(read_text(path_), first);
}

}  // namespace
}  // namespace pg
