// case.h: one benchmark of one kernel: its operands, call, work and check.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "bench/values.h"

namespace pg::bench {

enum class Role : uint8_t { in, out, inout };

// Whether an operand is in another place at each launch, and hence outside of the caches, or stays
// in place, as filters do within an iteration.
enum class Place : uint8_t { moves, stays };

// Whether element i of the operand belongs to sample i * N / numel, or to all samples.
enum class Extent : uint8_t { samples, shared };

struct Operand {
  Shape shape{};
  DType dtype = DType::f32;
  Role role = Role::in;
  Fill fill = Fill::symmetric;
  Place place = Place::moves;
  Extent extent = Extent::samples;
};

using Views = std::span<const TensorView>;

// Elements of one result and their expected values.
struct Sampled {
  size_t operand;
  std::vector<int64_t> index;
  std::vector<double> want;
};

struct Case {
  std::string name;        // "32x32/D/Conv0/forward"
  std::string shape{};     // text for the table
  int64_t resolution = 0;  // 0: none
  std::vector<Operand> operands{};
  std::function<void(Backend&, Views)> run{};
  double flops = 0;  // of a direct evaluation with folded resampling; 0: negligible
  // Convolutions and matrix products: values of sampled elements, from sums on the host.
  std::function<std::vector<Sampled>(const std::vector<Values>&)> samples{};
  // All others: the same operation on n samples in f64; the CPU's direct loops evaluate it for the
  // first and the last `slice` of N samples.
  std::function<Case(int64_t n, DType activations)> make{};
  int64_t n = 0, slice = 0;
  // The least traffic: every operand once.
  double bytes() const;
  bool multiplies_matrices() const { return static_cast<bool>(samples); }
};

// The shapes of cases: N samples at a resolution, and the type of activations.
struct Selection {
  int64_t resolution, n;
  DType activations;
};

// Convolutions of both networks at one resolution (official feature maps), in the three passes.
std::vector<Case> conv_cases(const Selection& s);
// Dense layers of the 4x4 blocks, in the three passes.
std::vector<Case> dense_cases(const Selection& s);
// All other kernels at one resolution.
std::vector<Case> memory_cases(const Selection& s);
// The optimizer over the whole 1024x1024 generator.
std::vector<Case> optimizer_cases();

// Feature maps of the official network at a resolution.
int64_t official_fmaps(int64_t resolution);

}  // namespace pg::bench
