// kernel_test.h: guarded tensors, comparisons and the macro of the kernel tests.
//
// A test computes its reference in plain loops in double and passes one call of the kernel to
// run(), which makes that call at several numbers of threads (CPU) or thread orders (emulated GPU).
// Each tensor lies between guards; results start as NaN.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "tests/kernels/counting_backend.h"

namespace pg::test {

// A tensor of doubles in host memory.
struct Host {
  Shape shape;
  std::vector<double> data;

  Host() = default;
  explicit Host(Shape s, double value = 0.0)
      : shape(s), data(static_cast<size_t>(s.numel()), value) {}
  Host(Shape s, std::vector<double> values) : shape(s), data(std::move(values)) {}

  double& operator()(int64_t n, int64_t h, int64_t w, int64_t c) { return data[at(n, h, w, c)]; }
  double operator()(int64_t n, int64_t h, int64_t w, int64_t c) const {
    return data[at(n, h, w, c)];
  }
  size_t at(int64_t n, int64_t h, int64_t w, int64_t c) const {
    return static_cast<size_t>(((n * shape.h + h) * shape.w + w) * shape.c + c);
  }
};

// Calls f(n, h, w, c) for each element of a shape.
template <typename F>
void for_each(const Shape& s, F f) {
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t h = 0; h < s.h; ++h) {
      for (int64_t w = 0; w < s.w; ++w) {
        for (int64_t c = 0; c < s.c; ++c) f(n, h, w, c);
      }
    }
  }
}

// Uniform in [low, high], exact in bf16: every element type starts from the same numbers.
Host random_host(const Shape& shape, uint64_t seed, double low = -1.0, double high = 1.0);

// The start of tensors: aligned as allocate() returns them, or one element later, as in views.
enum class Placement : uint8_t { aligned, odd };

// The tensors of one call on one backend. Inputs and results are placed in the order of the calls.
class Bench {
 public:
  Bench(Backend& backend, DType dtype, Placement placement = Placement::aligned)
      : backend_(backend), dtype_(dtype), placement_(placement) {}
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  Backend& backend() { return backend_; }
  DType dtype() const { return dtype_; }  // that of the tested call
  // The type of biases, filters, scalars and statistics used with tensors of dtype().
  DType acc() const { return dtype_ == DType::bf16 ? DType::f32 : dtype_; }
  ConstTensorView in(const Host& values) { return in(values, dtype_); }
  ConstTensorView in(const Host& values, DType dtype);
  TensorView out(const Shape& shape) { return out(shape, dtype_); }
  TensorView out(const Shape& shape, DType dtype);
  TensorView inout(const Host& before) { return inout(before, dtype_); }
  TensorView inout(const Host& before, DType dtype);

  // Expects intact guards and inputs; returns the results (out and inout) in order.
  std::vector<Host> finish();

 private:
  struct Buffer {
    void* data;
    DType dtype;
    Shape shape;
    std::vector<unsigned char> before;  // with guards
    bool result;
  };
  TensorView place(const Host& values, DType dtype, bool result);

  Backend& backend_;
  DType dtype_;
  Placement placement_;
  std::vector<Buffer> buffers_;
};

// Runs `call` on each of device_variants(), expects the same bits from all, and returns the
// results.
std::vector<Host> run(DType dtype, const std::function<void(Bench&)>& call,
                      Placement placement = Placement::aligned);

// Expects |got - want| <= k eps sqrt(length) max(|want|, rms of want), k = 8, for each element.
// `length` is the length of the sums. eps is that of dtype; for bf16 it is that of f32, plus 2^-8
// for each of `roundings`: one for the result, more if a kernel may store intermediate results.
void expect_close(const Host& got, const Host& want, DType dtype, int64_t length = 1,
                  int roundings = 1);

// run() in f64, f32 and, if the device and the kernel support it, bf16; compares each result with
// its reference.
enum class Floats : uint8_t { all, f64_f32 };
void expect_matches(const std::function<void(Bench&)>& call, const std::vector<Host>& want,
                    int64_t length = 1, Floats floats = Floats::all, int roundings = 1);

// Expects the same bits from tensors at odd addresses and aligned ones, in the types of
// expect_matches.
void expect_same_at_odd_addresses(const std::function<void(Bench&)>& call,
                                  Floats floats = Floats::all);

// The calls of each kernel by run() so far in this process.
KernelCounts& kernel_counts();

// The kernels that the program's KERNEL_TESTs name.
std::set<std::string>& tested_kernels();

// Runs the body of a KERNEL_TEST and expects it to call its kernel through run().
void run_body(const char* kernel, void (*body)());

}  // namespace pg::test

// A TEST of one kernel of kernels.def: KERNEL_TEST(pixel_norm, MatchesReference). The name must be
// in the list, the body must call the kernel, and KernelList.EveryKernelHasATest sees the name.
#define KERNEL_TEST(kernel, claim)                                                \
  static void kernel##_##claim##_body();                                          \
  [[maybe_unused]] static const bool kernel##_##claim##_registered =              \
      (static_cast<void>(&::pg::Backend::kernel),                                 \
       ::pg::test::tested_kernels().insert(#kernel).second);                      \
  TEST(kernel, claim) { ::pg::test::run_body(#kernel, kernel##_##claim##_body); } \
  static void kernel##_##claim##_body()
