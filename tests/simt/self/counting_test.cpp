// counting_test.cpp: counters of launches on kernels of which every number is known.
#include "tests/simt/race/counting.h"

#include "tests/simt/self/counted.h"
#include "tests/simt/self/device_array.h"

namespace pg::simt {
namespace {

using hardware::LaunchCounters;

// The counters of the one kernel that `launch` starts.
template <typename Launch>
LaunchCounters counted(const std::string& name, const Launch& launch) {
  set_counting(true);
  EXPECT_EQ(launch(), cudaSuccess);
  const hardware::CountedKernels kernels = take_launch_counters();
  set_counting(false);
  EXPECT_EQ(kernels.size(), 1u);
  EXPECT_TRUE(kernels.contains(name)) << kernels.begin()->first;
  return kernels.begin()->second;
}

LaunchCounters copied(int stride, int offset) {
  DeviceArray<float> x(std::vector<float>(1024, 1.0f)), y(32);
  return counted("copy_strided_kernel", [&] { return copy_strided(y, x, stride, offset); });
}

template <typename T>
LaunchCounters exchanged(const char* name, cudaError_t (*exchange)(T*, const T*, int), int stride) {
  DeviceArray<T> x(std::vector<T>(32)), y(32);
  return counted(name, [&] { return exchange(y, x, stride); });
}

LaunchCounters multiplied(int pitch) {
  DeviceArray<uint4> x(std::vector<uint4>(32));
  DeviceArray<float> y(32);
  return counted("multiply_tile_kernel", [&] { return multiply_tile(y, x, pitch); });
}

TEST(Counting, FindsSectorsOfARequest) {
  struct Pattern {
    int stride, offset;
    uint64_t sectors, bytes;
  };
  // Coalesced, misaligned, every second element, a sector for each lane, broadcast.
  for (const Pattern p : std::initializer_list<Pattern>{
           {1, 0, 4, 128}, {1, 1, 5, 128}, {2, 0, 8, 128}, {8, 0, 32, 128}, {0, 9, 1, 4}}) {
    SCOPED_TRACE(testing::Message() << "stride " << p.stride << ", offset " << p.offset);
    const LaunchCounters c = copied(p.stride, p.offset);
    EXPECT_EQ(c.launches, 1u);
    EXPECT_EQ(c.loads.requests, 1u);
    EXPECT_EQ(c.loads.sectors, p.sectors);
    EXPECT_EQ(c.loads.bytes, p.bytes);
    EXPECT_EQ(c.stores.requests, 1u);
    EXPECT_EQ(c.stores.sectors, 4u);
    EXPECT_EQ(c.shared_loads.requests + c.shared_stores.requests, 0u);
  }
}

TEST(Counting, PacksOf16BytesAreOneRequest) {
  DeviceArray<float4> x(std::vector<float4>(32)), y(32);
  const LaunchCounters c = counted("copy_packs_kernel", [&] { return copy_packs(y, x); });
  EXPECT_EQ(c.loads.requests, 1u);
  EXPECT_EQ(c.loads.sectors, 16u);
  EXPECT_EQ(c.loads.bytes, 512u);
}

TEST(Counting, LanesMayDoFewerTurnsOfALoop) {
  DeviceArray<float> x(std::vector<float>(40)), y(40);
  const LaunchCounters c = counted("copy_some_kernel", [&] { return copy_some(y, x, 40); });
  EXPECT_EQ(c.loads.requests, 2u);
  EXPECT_EQ(c.loads.sectors, 5u);
  EXPECT_EQ(c.loads.bytes, 160u);
}

void expect_wavefronts(const LaunchCounters& c, uint64_t wavefronts, uint64_t ideal) {
  for (const hardware::SharedTraffic& s : {c.shared_loads, c.shared_stores}) {
    EXPECT_EQ(s.requests, 1u);
    EXPECT_EQ(s.wavefronts, wavefronts);
    EXPECT_EQ(s.ideal, ideal);
  }
}

TEST(Counting, FindsBankConflicts) {
  expect_wavefronts(exchanged("exchange_kernel<float>", exchange_floats, 1), 1, 1);
  expect_wavefronts(exchanged("exchange_kernel<float>", exchange_floats, 2), 2, 1);
  expect_wavefronts(exchanged("exchange_kernel<float>", exchange_floats, 31), 1, 1);
  expect_wavefronts(exchanged("exchange_kernel<float>", exchange_floats, 32), 32, 1);
  expect_wavefronts(exchanged("exchange_kernel<double>", exchange_doubles, 1), 2, 2);
  expect_wavefronts(exchanged("exchange_kernel<double>", exchange_doubles, 2), 4, 2);
  expect_wavefronts(exchanged("exchange_kernel<float4>", exchange_packs, 1), 4, 4);
  expect_wavefronts(exchanged("exchange_kernel<float4>", exchange_packs, 2), 8, 4);
}

TEST(Counting, LanesWithTheSameWordDoNotConflict) {
  DeviceArray<float> x(std::vector<float>(32)), y(32);
  hardware::WarpRequest same{.lanes = 0, .bytes = 4, .address = {}};
  for (uint32_t lane = 0; lane < 32; ++lane) same.add(lane, 4096);
  EXPECT_EQ(hardware::wavefronts_of(same).count, 1u);
}

TEST(Counting, FindsCopiesAndMatrices) {
  for (const auto& [pitch, wavefronts] : {std::pair{16, 4}, std::pair{128, 32}}) {
    const LaunchCounters c = multiplied(pitch);
    EXPECT_EQ(c.cp_async, 1u);
    EXPECT_EQ(c.loads.sectors, 16u);
    EXPECT_EQ(c.ldmatrix, 1u);
    EXPECT_EQ(c.mma, 1u);
    EXPECT_EQ(c.barriers, 1u);
    expect_wavefronts(c, static_cast<uint64_t>(wavefronts), 4);
  }
}

}  // namespace
}  // namespace pg::simt
