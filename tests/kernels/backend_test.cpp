// backend_test.cpp: memory, copies and construction of the CPU backend.
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

TEST(CpuBackend, AllocatesAlignedMemoryOfAnySize) {
  const auto backend = make_cpu_backend(1, CpuPath::direct);
  for (const int64_t bytes : {0, 1, 63, 64, 65, 100000}) {
    void* const p = backend->allocate(bytes);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % 64, 0u);
    backend->release(p);
  }
}

TEST(CpuBackend, ReportsTheBytesItCannotAllocate) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer aborts on an allocation of this size";
#endif
  const auto backend = make_cpu_backend(1, CpuPath::direct);
  const int64_t bytes = int64_t{1} << 60;
  try {
    backend->allocate(bytes);
    FAIL() << "allocated an exbibyte";
  } catch (const DeviceError& error) {
    EXPECT_NE(std::string(error.what()).find(std::to_string(bytes)), std::string::npos);
  }
}

TEST(CpuBackend, RejectsANegativeNumberOfThreads) {
  EXPECT_THROW(make_cpu_backend(-1, CpuPath::direct), UsageError);
}

TEST(CpuBackend, DescribesItsNumberOfThreads) {
  EXPECT_NE(make_cpu_backend(3, CpuPath::direct)->description().find("3 threads"),
            std::string::npos);
  EXPECT_EQ(make_cpu_backend(0, CpuPath::direct)->description().find(" 0 "), std::string::npos);
}

TEST(CpuBackend, CopiesKeepEveryByte) {
  const auto backend = make_cpu_backend(3, CpuPath::direct);
  const int64_t count = 1500001;  // several chunks of a parallel copy, and a tail
  std::vector<float> values(static_cast<size_t>(count)), back(values.size(), -1.0f);
  std::iota(values.begin(), values.end(), 0.0f);
  const auto bytes = count * size_of(DType::f32);
  TensorView a{backend->allocate(bytes), DType::f32, {1, 1, 1, count}};
  TensorView b{backend->allocate(bytes), DType::f32, {1, 1, count, 1}};
  backend->upload(a, values.data());
  backend->copy(b, a);
  backend->download(back.data(), b);
  EXPECT_EQ(values, back);
  backend->release(a.data);
  backend->release(b.data);
}

TEST(CpuBackend, CopiesWithinOneBuffer) {
  const auto backend = make_cpu_backend(2, CpuPath::direct);
  std::vector<double> values(300000);
  std::iota(values.begin(), values.end(), 0.0);
  const Shape shape{1, 1, 1, static_cast<int64_t>(values.size()) - 1};
  backend->copy({values.data() + 1, DType::f64, shape}, {values.data(), DType::f64, shape});
  EXPECT_EQ(values[1], 0.0);
  EXPECT_EQ(values.back(), static_cast<double>(values.size()) - 2.0);
}

TEST(CpuBackend, RejectsOtherElementTypes) {
  const auto backend = make_cpu_backend(1, CpuPath::direct);
  uint8_t byte = 0;
  EXPECT_THROW(backend->fill({.y = {&byte, DType::u8, {}}, .value = 1.0}), DTypeError);
}

}  // namespace
}  // namespace pg::test
