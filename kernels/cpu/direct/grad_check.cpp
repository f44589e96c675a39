// grad_check.cpp: whether a gradient is finite, and its norm, in f64.
#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

constexpr int64_t kChunk = 4096;  // elements of one partial sum

// Sum of squares, and a sum that is 0 if every element is finite and NaN otherwise.
struct Check {
  double squares = 0.0, zeros = 0.0;
};

template <typename T>
Check check_chunk(const T* g, int64_t count) {
  const auto at = [=](int64_t i) { return static_cast<double>(g[i]); };
  const double squares = lane_sum<double>(count, [=](int64_t i) { return at(i) * at(i); });
  // Squares of f32 cannot overflow f64, so their sum already shows it.
  if constexpr (sizeof(T) == sizeof(float)) return {squares, squares * 0.0};
  return {squares, lane_sum<double>(count, [=](int64_t i) { return at(i) * 0.0; })};
}

template <typename T>
Check check_finite(int threads, const T* g, int64_t count) {
  const int64_t chunks = ceil_div(count, kChunk);
  std::vector<Check> partial(static_cast<size_t>(chunks));
  Check* const out = partial.data();
  parallel_for(threads, count, kChunk, [=](int64_t begin, int64_t end) {
    out[begin / kChunk] = check_chunk(g + begin, end - begin);
  });
  Check total;
  for (const Check& c : partial) {
    total.squares += c.squares;
    total.zeros += c.zeros;
  }
  return total;
}

void note_first_bad(const GradCheckArgs& args, bool finite) {
  double* const noted = args.first_bad.as<double>();
  noted[0] += 1.0;
  if (finite || noted[1] != 0.0) return;
  noted[1] = noted[0];
  dispatch_float(args.g.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const g = args.g.as<T>();
    int64_t i = 0;
    while (std::isfinite(g[i])) ++i;
    noted[2] = static_cast<double>(i);
  });
}

}  // namespace

void CpuBackend::grad_check(const GradCheckArgs& args) {
  PG_ASSERT(args.stats.shape.numel() == 2 && (!args.t || args.t.shape.numel() == 1) &&
            (!args.first_bad || args.first_bad.shape.numel() == 3));
  dispatch_float(args.g.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Check check = check_finite(threads_, args.g.as<T>(), args.g.shape.numel());
    double* const stats = args.stats.as<double>();
    stats[0] = check.zeros == 0.0 ? 1.0 : 0.0;
    stats[1] = std::sqrt(check.squares);
    if (args.t) args.t.as<double>()[0] += stats[0];
    if (args.first_bad) note_first_bad(args, stats[0] != 0.0);
  });
}

}  // namespace pg::cpu
