// planted_bugs_test.cpp: each configuration of the emulator reports each planted bug as expected.
//
// Sanitizers end the process, so every bug runs in a child process, in six orders of its threads
// and, after the first, of its streams. The expected reports are beside the bugs.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string_view>

#include "tests/simt/emulator/grid.h"
#include "tests/simt/host/test.h"
#include "tests/simt/self/bugs.h"

namespace pg::simt {

void PrintTo(const Bug& bug, std::ostream* out) { *out << bug.name; }

namespace {

constexpr int kCount = 256;
constexpr size_t kBytes = kCount * sizeof(float);

std::vector<Bug> all_bugs() {
  std::vector<Bug> all;
  for (const auto& family : {memory_bugs(), order_bugs(), copy_bugs(), host_bugs()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

[[noreturn]] void end_child(int status, const std::string& words) {
  std::fprintf(stderr, "%s\n", words.c_str());
  std::_Exit(status);
}

void run_in_order(const Bug& bug, uint64_t seed) {
  set_seed(seed);
  set_stream_order(seed > 0 ? StreamOrder::late : StreamOrder::at_once);
  std::vector<float> x(kCount), host(kCount), y(kCount);
  std::iota(x.begin(), x.end(), 0.0f);
  float *device_x = nullptr, *device_y = nullptr;
  cudaMalloc(&device_x, kBytes);
  cudaMalloc(&device_y, kBytes);
  cudaMemcpy(device_x, x.data(), kBytes, cudaMemcpyHostToDevice);
  cudaError_t error = bug.run({.y = device_y, .x = device_x, .host = host.data(), .n = kCount});
  if (error == cudaSuccess) error = cudaDeviceSynchronize();
  if (error != cudaSuccess) end_child(1, cudaGetErrorString(error));
  cudaMemcpy(y.data(), device_y, kBytes, cudaMemcpyDeviceToHost);
  if (!std::equal(x.rbegin(), x.rend(), y.begin())) end_child(1, kWrongResult);
  cudaFree(device_x);
  cudaFree(device_y);
}

[[noreturn]] void run_in_all_orders(const Bug& bug) {
  for (const uint64_t seed : {0, 1, 2, 3, 4, 5}) run_in_order(bug, seed);
  end_child(0, "nothing to report");
}

class PlantedBug : public testing::TestWithParam<Bug> {};

TEST_P(PlantedBug, IsReported) {
  const bool race = std::string_view(PG_SIMT_CONFIG) == "race";
  const std::string expected = race ? GetParam().race : GetParam().asan;
  if (expected == kNotSeen) {
    EXPECT_EXIT(run_in_all_orders(GetParam()), testing::ExitedWithCode(0), "nothing to report");
  } else {
    const auto failed = [](int status) { return status != 0; };
    EXPECT_EXIT(run_in_all_orders(GetParam()), failed, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Simt, PlantedBug, testing::ValuesIn(all_bugs()),
                         [](const auto& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace pg::simt
