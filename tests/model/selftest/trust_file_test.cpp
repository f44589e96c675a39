// trust_file_test.cpp: the remembered results of a GPU, and files that are damaged.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "model/selftest/trust.h"
#include "tests/model/temporary_folder.h"

namespace pg::selftest {
namespace {

class TrustFile : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("XDG_CACHE_HOME");
    TemporaryFolder::TearDown();
  }

  void write(const std::string& text) const { std::ofstream(trust_file(gpu_)) << text; }

  const GpuDetails gpu_{
      .name = "NVIDIA H200", .uuid = "0123", .compute = "9.0", .driver = "13.0", .runtime = "13.0"};
  const Trust trust_{.left_out = {TensorFamily::wgrad, TensorType::bf16},
                     .failed = {"wgrad bf16, 128x32", "rounding, \"x\""}};
};

TEST_F(TrustFile, IsRead) {
  EXPECT_FALSE(remembered_trust(gpu_));
  remember(gpu_, trust_);
  const std::optional<Trust> read = remembered_trust(gpu_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->left_out, trust_.left_out);
  EXPECT_EQ(read->failed, trust_.failed);
}

TEST_F(TrustFile, BelongsToOneCardDriverAndProgram) {
  remember(gpu_, trust_);
  for (const auto& change :
       {+[](GpuDetails& g) { g.name = "NVIDIA H100"; }, +[](GpuDetails& g) { g.uuid = "0124"; },
        +[](GpuDetails& g) { g.driver = "13.1"; }, +[](GpuDetails& g) { g.runtime = "12.9"; }}) {
    GpuDetails other = gpu_;
    change(other);
    EXPECT_FALSE(remembered_trust(other));
  }
  EXPECT_NE(trust_file(gpu_).string().find("-0.1.0.json"), std::string::npos);
}

TEST_F(TrustFile, CountsAsNoneIfItIsDamaged) {
  remember(gpu_, trust_);
  const std::string whole = read_text(trust_file(gpu_));
  for (size_t length = 0; length + 2 < whole.size(); ++length) {
    write(whole.substr(0, length));
    ASSERT_FALSE(remembered_trust(gpu_)) << length;
  }
  for (const char* other : {"[]", "{}", "null", "{\"format\": 1}",
                            "{\"format\": \"progan_cuda selftest of a GPU\", \"left_out\": \"x\", "
                            "\"failed\": []}",
                            "{\"format\": \"progan_cuda selftest of a GPU\", \"left_out\": 3, "
                            "\"failed\": []}",
                            "{\"format\": \"progan_cuda selftest of a GPU\", \"left_out\": \"\", "
                            "\"failed\": [1]}"}) {
    write(other);
    EXPECT_FALSE(remembered_trust(gpu_)) << other;
  }
}

TEST_F(TrustFile, CannotBeWrittenWithoutHarm) {
  std::filesystem::remove(folder_ / "progan_cuda");
  std::ofstream(folder_ / "progan_cuda") << "a file";
  remember(gpu_, trust_);
  EXPECT_FALSE(remembered_trust(gpu_));
}

TEST(UsedBy, EachPrecisionHasItsKernels) {
  const TensorKernels all = TensorKernels::all();
  EXPECT_TRUE(used_by(Precision::fp32, all).empty());
  EXPECT_EQ(used_by(Precision::tf32, all), TensorKernels::of(TensorType::tf32));
  EXPECT_EQ(used_by(Precision::bf16, all), all);  // dense layers are tf32
}

}  // namespace
}  // namespace pg::selftest
