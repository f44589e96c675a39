// kernel_test.cpp: guarded tensors, comparisons, and the kernels under test.
#include "tests/kernels/kernel_test.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/kernels/kernel_device.h"

namespace pg::test {
namespace {

// Guard elements on each side of a tensor.
int64_t guard_of(Placement placement) { return placement == Placement::odd ? 65 : 64; }

// Storage of a bf16 value on the host.
struct Bf16 {
  uint16_t bits = 0;
  Bf16() = default;
  explicit Bf16(double value) {
    const uint32_t u = std::bit_cast<uint32_t>(static_cast<float>(value));
    bits = std::isnan(value) ? 0x7FFF : static_cast<uint16_t>((u + 0x7FFF + (u >> 16 & 1)) >> 16);
  }
  explicit operator double() const {
    return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits) << 16));
  }
};

template <typename F>
void dispatch_any(DType dtype, F f) {
  if (dtype == DType::bf16) return f(Bf16{});
  if (dtype == DType::f64) return f(double{});
  if (dtype == DType::f32) return f(float{});
  if (dtype == DType::u8) return f(uint8_t{});
  if (dtype == DType::u64) return f(uint64_t{});
  FAIL() << "element type " << name_of(dtype) << " has no test tensor";
}

// The bytes of values between guards of NaN, so a read past the end spoils a result.
std::vector<unsigned char> guarded_bytes(const Host& values, DType dtype, int64_t guards) {
  std::vector<unsigned char> bytes;
  dispatch_any(dtype, [&](auto zero) {
    using T = decltype(zero);
    const T guard =
        static_cast<T>(std::is_integral_v<T> ? 0xA5 : std::numeric_limits<double>::quiet_NaN());
    std::vector<T> all(static_cast<size_t>(values.shape.numel() + 2 * guards), guard);
    for (size_t i = 0; i < values.data.size(); ++i) {
      all[i + static_cast<size_t>(guards)] = static_cast<T>(values.data[i]);
    }
    bytes.resize(all.size() * sizeof(T));
    std::memcpy(bytes.data(), all.data(), bytes.size());
  });
  return bytes;
}

// The values that start at byte `first`.
Host host_of(const std::vector<unsigned char>& bytes, size_t first, DType dtype,
             const Shape& shape) {
  Host host(shape);
  dispatch_any(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (size_t i = 0; i < host.data.size(); ++i) {
      T value;
      std::memcpy(&value, bytes.data() + first + i * sizeof(T), sizeof(T));
      host.data[i] = static_cast<double>(value);
    }
  });
  return host;
}

Shape with_guards(const Shape& shape, int64_t guards) {
  return {1, 1, 1, shape.numel() + 2 * guards};
}

bool same_bits(const Host& a, const Host& b) {
  return a.data.size() == b.data.size() &&
         std::memcmp(a.data.data(), b.data.data(), a.data.size() * sizeof(double)) == 0;
}

}  // namespace

Host random_host(const Shape& shape, uint64_t seed, double low, double high) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  Host host(shape);
  for (double& v : host.data) v = static_cast<double>(Bf16(uniform(engine)));
  return host;
}

Bench::~Bench() {
  for (const Buffer& b : buffers_) backend_.release(b.data);
}

TensorView Bench::place(const Host& values, DType dtype, bool result) {
  const int64_t guards = guard_of(placement_);
  Buffer buffer{nullptr, dtype, values.shape, guarded_bytes(values, dtype, guards), result};
  buffer.data = backend_.allocate(static_cast<int64_t>(buffer.before.size()));
  backend_.upload({buffer.data, dtype, with_guards(values.shape, guards)}, buffer.before.data());
  backend_.synchronize();  // tests also launch on other streams
  buffers_.push_back(buffer);
  auto* const bytes = static_cast<unsigned char*>(buffer.data);
  return {bytes + guards * size_of(dtype), dtype, values.shape};
}

ConstTensorView Bench::in(const Host& values, DType dtype) { return place(values, dtype, false); }

TensorView Bench::out(const Shape& shape, DType dtype) {
  return place(Host(shape, std::numeric_limits<double>::quiet_NaN()), dtype, true);
}

TensorView Bench::inout(const Host& before, DType dtype) { return place(before, dtype, true); }

std::vector<Host> Bench::finish() {
  std::vector<Host> results;
  for (const Buffer& b : buffers_) {
    std::vector<unsigned char> after(b.before.size());
    const int64_t guards = guard_of(placement_);
    backend_.download(after.data(), {b.data, b.dtype, with_guards(b.shape, guards)});
    const size_t guard = static_cast<size_t>(guards * size_of(b.dtype));
    const size_t end = after.size() - guard;
    EXPECT_EQ(std::memcmp(after.data(), b.before.data(), guard), 0)
        << "wrote before the start of a tensor " << b.shape;
    EXPECT_EQ(std::memcmp(after.data() + end, b.before.data() + end, guard), 0)
        << "wrote past the end of a tensor " << b.shape;
    if (b.result) {
      results.push_back(host_of(after, guard, b.dtype, b.shape));
    } else {
      EXPECT_EQ(after, b.before) << "wrote to an input " << b.shape;
    }
  }
  return results;
}

std::vector<Host> run(DType dtype, const std::function<void(Bench&)>& call, Placement placement) {
  std::vector<Host> first;
  for (const DeviceVariant& variant : device_variants()) {
    CountingBackend backend(variant.open(), kernel_counts());
    Bench bench(backend, dtype, placement);
    call(bench);
    backend.synchronize();
    std::vector<Host> results = bench.finish();
    if (&variant == &device_variants().front()) {
      first = std::move(results);
      continue;
    }
    EXPECT_EQ(results.size(), first.size());
    for (size_t i = 0; i < first.size(); ++i) {
      EXPECT_TRUE(same_bits(results[i], first[i]))
          << "result " << i << " differs between " << variant.name << " and "
          << device_variants().front().name;
    }
  }
  return first;
}

namespace {

// bf16 results are f32 sums rounded to 8 bits, with an error of up to 2^-8 per rounding.
double tolerance_of(DType dtype, int64_t length, int roundings) {
  const double root = 8 * std::sqrt(static_cast<double>(length));
  if (dtype == DType::f64) return root * std::numeric_limits<double>::epsilon();
  const double f32 = root * static_cast<double>(std::numeric_limits<float>::epsilon());
  return dtype == DType::bf16 ? roundings * 0x1.0p-8 + f32 : f32;
}

}  // namespace

void expect_close(const Host& got, const Host& want, DType dtype, int64_t length, int roundings) {
  ASSERT_EQ(got.shape, want.shape);
  double squares = 0.0;
  for (const double v : want.data) squares += v * v;
  const double rms = std::sqrt(squares / static_cast<double>(want.data.size()));
  const double tolerance = tolerance_of(dtype, length, roundings);
  for (size_t i = 0; i < want.data.size(); ++i) {
    const double bound = tolerance * std::max(std::abs(want.data[i]), rms);
    ASSERT_LE(std::abs(got.data[i] - want.data[i]), bound)
        << name_of(dtype) << " element " << i << " of " << want.shape << ": got " << got.data[i]
        << ", want " << want.data[i];
  }
}

namespace {

std::vector<DType> types_of(Floats floats) {
  std::vector<DType> types{DType::f64, DType::f32};
  if (floats == Floats::all && device_supports_bf16()) types.push_back(DType::bf16);
  return types;
}

}  // namespace

void expect_matches(const std::function<void(Bench&)>& call, const std::vector<Host>& want,
                    int64_t length, Floats floats, int roundings) {
  for (const DType dtype : types_of(floats)) {
    const std::vector<Host> got = run(dtype, call);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      SCOPED_TRACE(message("result ", i));
      expect_close(got[i], want[i], dtype, length, roundings);
    }
  }
}

void expect_same_at_odd_addresses(const std::function<void(Bench&)>& call, Floats floats) {
  for (const DType dtype : types_of(floats)) {
    const std::vector<Host> aligned = run(dtype, call), odd = run(dtype, call, Placement::odd);
    ASSERT_EQ(odd.size(), aligned.size());
    for (size_t i = 0; i < odd.size(); ++i) {
      EXPECT_TRUE(same_bits(odd[i], aligned[i]))
          << name_of(dtype) << " result " << i << " differs at an odd address";
    }
  }
}

KernelCounts& kernel_counts() {
  static KernelCounts counts;
  return counts;
}

std::set<std::string>& tested_kernels() {
  static std::set<std::string> kernels;
  return kernels;
}

void run_body(const char* kernel, void (*body)()) {
  const int64_t before = kernel_counts().all().at(kernel);
  body();
  if (testing::Test::HasFatalFailure()) return;
  EXPECT_GT(kernel_counts().all().at(kernel), before) << "this test never calls " << kernel;
}

}  // namespace pg::test
