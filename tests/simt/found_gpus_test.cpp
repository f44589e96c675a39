// found_gpus_test.cpp: GPUs and drivers that this program cannot use are named, with what it needs.
#include <gtest/gtest.h>

#include "kernels/cuda/backend/machine_code.h"
#include "kernels/gpu.h"
#include "model/device/device_choice.h"
#include "tests/simt/host/api.h"
#include "tests/simt/host/profile.h"

namespace pg::test {
namespace {

class FoundGpus : public testing::Test {
 protected:
  ~FoundGpus() override {
    simt::set_devices(before_);
    simt::set_driver_version(CUDART_VERSION);
  }
  static void use(std::initializer_list<const char*> names) {
    std::vector<simt::DeviceProfile> devices;
    for (const char* name : names) devices.push_back(simt::device_profile(name));
    simt::set_devices(std::move(devices));
  }

 private:
  std::vector<simt::DeviceProfile> before_ = simt::devices();
};

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const DeviceError& e) {
    return e.what();
  }
  return "no error";
}

// choose_device("auto") with what it prints.
struct Choice {
  DeviceChoice device;
  std::string printed;
};
Choice choose() {
  testing::internal::CaptureStderr();
  Choice c{.device = choose_device("auto"), .printed = {}};
  c.printed = testing::internal::GetCapturedStderr();
  return c;
}

TEST_F(FoundGpus, OldDriverIsAWarningWithBothVersions) {
  simt::set_driver_version(12040);
  const Choice c = choose();
  EXPECT_FALSE(c.device.cuda);
  EXPECT_EQ(c.printed,
            "warning: using the CPU, although this machine seems to have a GPU: the NVIDIA driver "
            "supports CUDA 12.4, but this program needs CUDA 13.0; install driver 580 or newer, or "
            "the package cuda-compat-13-0 on a data center GPU\n");
  EXPECT_EQ(choose().printed, "") << "it is printed once";
  EXPECT_NE(error_of([] { choose_device("cuda"); }).find("install driver 580"), std::string::npos);
}

TEST_F(FoundGpus, MissingDriverIsNoWarning) {
  simt::set_driver_version(0);
  const Choice c = choose();
  EXPECT_FALSE(c.device.cuda);
  EXPECT_EQ(c.device.reason, "no NVIDIA driver is installed");
  EXPECT_EQ(c.printed, "");
}

TEST_F(FoundGpus, OldGpuIsRefusedByName) {
  use({"t4"});
  const std::string problem =
      "CPU emulation (t4) has compute capability 7.5, but this program needs 8.0 (Ampere) or newer";
  EXPECT_EQ(cuda_device_count(), 0);
  EXPECT_EQ(error_of([] { make_cuda_backend(0); }),
            "no GPU available: " + problem + "; use --device cpu");
  const Choice c = choose();
  EXPECT_FALSE(c.device.cuda);
  EXPECT_NE(c.printed.find("warning: using the CPU"), std::string::npos);
  EXPECT_NE(c.printed.find(problem), std::string::npos);
}

TEST_F(FoundGpus, FirstUsableOneIsTheDefault) {
  use({"t4", "a100"});
  EXPECT_EQ(cuda_device_count(), 1);
  const Choice c = choose();
  EXPECT_TRUE(c.device.cuda);
  EXPECT_EQ(c.device.index, 1);
  EXPECT_EQ(c.printed, "");
  EXPECT_NE(error_of([] { choose_device("cuda:0"); }).find("cuda:0 cannot be used: "),
            std::string::npos);
  EXPECT_NE(error_of([] { choose_device("cuda:2"); }).find("available: cuda:0 to cuda:1"),
            std::string::npos);
}

TEST_F(FoundGpus, CompilingPtxIsAnnounced) {
  use({"b200"});
  const Choice c = choose();
  EXPECT_TRUE(c.device.cuda);
  EXPECT_EQ(c.printed, "compiling the kernels for cuda:0, which is done once and takes a while\n");
}

TEST(MachineCode, FollowsCompatibility) {
  using cuda::machine_code;
  using cuda::MachineCode;
  constexpr const char* kBuilt = "80-real,90a-real,90-virtual";
  EXPECT_EQ(machine_code({8, 0}, kBuilt), MachineCode::present);
  EXPECT_EQ(machine_code({8, 9}, kBuilt), MachineCode::present);
  EXPECT_EQ(machine_code({9, 0}, kBuilt), MachineCode::present);
  EXPECT_EQ(machine_code({10, 3}, kBuilt), MachineCode::compiled_by_driver);
  EXPECT_EQ(machine_code({12, 0}, kBuilt), MachineCode::compiled_by_driver);
  EXPECT_EQ(machine_code({12, 1}, "80-real,120-real"), MachineCode::present);
  EXPECT_EQ(machine_code({8, 0}, "86-real,90a"), MachineCode::missing);
  EXPECT_EQ(machine_code({10, 0}, "90a"), MachineCode::missing);
  EXPECT_EQ(machine_code({10, 0}, "90"), MachineCode::compiled_by_driver);
}

}  // namespace
}  // namespace pg::test
