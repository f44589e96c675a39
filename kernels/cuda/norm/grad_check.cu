// grad_check.cu: finiteness and norm of a gradient (contract: kernels/reduce.h).
//
// Squares are computed in f64: those of f32 are then exact and cannot overflow. One pass over
// chunks, whose size depends on the length only; then one block adds their sums.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cuda/block/block_sum.cuh"
#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256, kBatch = 4;
constexpr int64_t kMostChunks = 1024;
template <typename T>
constexpr T kLargest = std::numeric_limits<T>::max();

// --- kernels ---

// The first element in [begin, end) that is not finite; there must be one. Searched by one thread,
// since such chunks are rare.
template <typename T>
__device__ int64_t first_bad_element(const T* g, int64_t begin, int64_t end) {
  int64_t i = begin;
  while (i + 1 < end && std::abs(g[i]) <= kLargest<T>) ++i;
  return i;
}

// partial[2 chunk] = sum of squares; partial[2 chunk + 1] = 1 + the index of the first element that
// is not finite, or 0.
template <typename T>
__global__ void __launch_bounds__(kThreads)
    check_chunks_kernel(const T* g, int64_t count, int64_t chunk, double* partial) {
  ptx::follow_earlier_kernels();
  constexpr int N = kPack<T>, kStep = kThreads * N;
  const Access access = access_if(is_aligned(g));
  const int64_t begin = blockIdx.x * chunk, end = min(begin + chunk, count);
  double squares = 0.0;
  int bad = 0;
  for (int64_t i = begin + static_cast<int>(threadIdx.x) * N; i < end; i += kStep * kBatch) {
    Pack<T, N> v[kBatch];
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
      const int64_t at = i + k * kStep;
      v[k] = Pack<T, N>{};
      if (at + N <= end) {
        v[k] = load<N>(g + at, access);
      } else {
        for (int j = 0; j < N; ++j) v[k].value[j] = at + j < end ? g[at + j] : T{0};
      }
    }
#pragma unroll
    for (int k = 0; k < kBatch; ++k) {
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const T value = v[k].value[j];
        const double x = value;
        squares = std::fma(x, x, squares);
        bad |= std::abs(value) <= kLargest<T> ? 0 : 1;
      }
    }
  }
  squares = block_sum<kThreads>(squares);
  bad = __syncthreads_or(bad);
  if (threadIdx.x == 0) {
    partial[2 * blockIdx.x] = squares;
    partial[2 * blockIdx.x + 1] =
        bad != 0 ? 1.0 + static_cast<double>(first_bad_element(g, begin, end)) : 0.0;
  }
}

__global__ void __launch_bounds__(kThreads)
    grad_check_kernel(const double* partial, int chunks, double* stats, double* t,
                      double* first_bad) {
  ptx::follow_earlier_kernels();
  double squares = 0.0;
  int bad = 0;
  for (int i = static_cast<int>(threadIdx.x); i < chunks; i += kThreads) {
    squares += partial[2 * i];
    bad |= partial[2 * i + 1] != 0.0 ? 1 : 0;
  }
  squares = block_sum<kThreads>(squares);
  bad = __syncthreads_or(bad);
  if (threadIdx.x != 0) return;
  const double finite = bad != 0 ? 0.0 : 1.0;
  stats[0] = finite;
  stats[1] = std::sqrt(squares);
  if (t != nullptr) *t += finite;
  if (first_bad == nullptr) return;
  first_bad[0] += 1.0;
  if (bad == 0 || first_bad[1] != 0.0) return;
  int i = 0;
  while (i + 1 < chunks && partial[2 * i + 1] == 0.0) ++i;
  first_bad[1] = first_bad[0];
  first_bad[2] = partial[2 * i + 1] - 1.0;
}

}  // namespace

// --- launchers ---

void grad_check(Queue& queue, const GradCheckArgs& args) {
  PG_ASSERT(args.stats.shape.numel() == 2 && (!args.t || args.t.shape.numel() == 1) &&
            (!args.first_bad || args.first_bad.shape.numel() == 3));
  dispatch_float(args.g.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int64_t kTile = int64_t{kThreads} * kBatch * kPack<T>;
    const int64_t count = args.g.shape.numel();
    const int64_t chunk = ceil_div(ceil_div(count, kTile), kMostChunks) * kTile;
    const int64_t chunks = ceil_div(count, chunk);
    auto* const partial = static_cast<double*>(queue.scratch(2 * chunks * 8));
    launch(queue, check_chunks_kernel<T>,
           {.grid = dim3(static_cast<unsigned>(chunks)), .block = dim3(kThreads)}, args.g.as<T>(),
           count, chunk, partial);
    launch(queue, grad_check_kernel, {.grid = dim3(1), .block = dim3(kThreads)}, partial, chunks,
           args.stats.as<double>(), args.t.as<double>(), args.first_bad.as<double>());
  });
}

}  // namespace pg::cuda
