// case.h: one call of one kernel, for benchmarks and the selftest: operands, work and check.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "model/cases/values.h"

namespace pg::cases {

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
  int64_t channels = 0;                // of activations, in memory_cases; 0: official_fmaps
  int64_t checked = int64_t{1} << 22;  // elements or sums that the host computes to check a case
};

// A layer of a convolution: channels in and out, filters of taps x taps, and the epilogue of its
// forward pass.
enum class Then : uint8_t { bias, lrelu, norm };
struct ConvLayer {
  const char* name;
  int64_t c, k, taps;
  ConvMode mode = ConvMode::same;
  Then then = Then::lrelu;
};

// Forward, input_grad and weight_grad of a layer whose larger image has the selection's resolution.
std::vector<Case> layer_cases(const ConvLayer& layer, const Selection& s);

// Convolutions of both networks at one resolution (official feature maps), in the three passes.
std::vector<Case> conv_cases(const Selection& s);
// Dense layers of the 4x4 blocks, in the three passes.
std::vector<Case> dense_cases(const Selection& s);
// Small matrix products in every transposition and mixture of types.
std::vector<Case> product_cases(const Selection& s);
// All other kernels at one resolution, except those of number_cases.
std::vector<Case> memory_cases(const Selection& s);
// Elementwise maps, sums of scalars and random numbers.
std::vector<Case> number_cases(const Selection& s);
inline constexpr int64_t kParameters = 23'079'115;  // of the official 1024x1024 generator

// The optimizer over this many parameters.
std::vector<Case> optimizer_cases(int64_t parameters = kParameters,
                                  int64_t checked = int64_t{1} << 22);

// Feature maps of the official network at a resolution.
int64_t official_fmaps(int64_t resolution);

}  // namespace pg::cases
