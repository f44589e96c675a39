// device_main.cpp: a test program for a GPU; skips itself (exit code 77) if there is none.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/kernels/kernel_device.h"

namespace pg::test {

// The same device twice: a real GPU runs threads in any order, and the bits must not depend on it.
const std::vector<DeviceVariant>& device_variants() {
  static const std::vector<DeviceVariant> variants = {
      {"the first run", [] { return make_cuda_backend(); }},
      {"another run", [] { return make_cuda_backend(); }},
  };
  return variants;
}

bool device_supports_bf16() { return true; }

}  // namespace pg::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::string reason;
  if (!GTEST_FLAG_GET(list_tests) && pg::cuda_device_count(&reason) == 0) {
    std::printf("skipped: %s\n", reason.c_str());
    return 77;
  }
  return RUN_ALL_TESTS();
}
