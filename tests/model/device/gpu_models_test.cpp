// gpu_models_test.cpp: names of GPUs as people write them.
#include "model/device/gpu_models.h"

#include <gtest/gtest.h>

#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

TEST(GpuModels, AreFoundUnderTheNamesThatPeopleWrite) {
  EXPECT_EQ(gpu_model("RTX 3090").name, "rtx3090");
  EXPECT_EQ(gpu_model("NVIDIA GeForce RTX 4090").name, "rtx4090");
  EXPECT_EQ(gpu_model("H100").name, "h100");
  EXPECT_EQ(gpu_model("A100-80GB").name, "a100-80gb");
  EXPECT_EQ(gpu_model("a100").name, "a100-40gb");
}

TEST(GpuModels, OldOnesAreNamedAsSuch) {
  for (const char* name : {"v100", "T4", "GTX 1080", "rtx2080ti", "Tesla P100"}) {
    EXPECT_NE(error_of<UsageError>([&] { gpu_model(name); }).find("too old"), std::string::npos)
        << name;
  }
  EXPECT_NE(error_of<UsageError>([&] { gpu_model("h10"); }).find("did you mean 'h100'?"),
            std::string::npos);
}

}  // namespace
}  // namespace pg
