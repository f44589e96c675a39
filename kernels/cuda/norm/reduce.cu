// reduce.cu: sums over extents (contract: kernels/reduce.h).
//
// f32 and bf16 are summed in f32 for at most 64 terms, and beyond that in f64: effectively one
// rounding, with little f64 arithmetic. Neighbouring reduced extents become sums of rows or
// columns; long ones are split into chunks, by shape only, whose sums go through scratch memory to
// a second kernel. Any other pattern uses one warp per result.
#include <algorithm>
#include <optional>

#include "kernels/cuda/block/block_sum.cuh"
#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/sums.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"
#include "kernels/shapes.h"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kTerms = 64;             // of one f32 sum
constexpr int64_t kManyBlocks = 1024;  // enough for any device; more only add partial sums
constexpr int64_t kShortRow = 1024;    // at most kTerms per lane of a warp

// The destination of results.
struct Sink {
  void* y;
  DType dtype;
  double scale;
  Accumulate accumulate;

  template <typename Y>
  __device__ void put(int64_t i, double sum) const {
    Y* const to = static_cast<Y*>(y) + i;
    const double before = accumulate == Accumulate::add ? static_cast<double>(to_acc(*to)) : 0.0;
    *to = from_double<Y>(before + scale * sum);
  }
  __device__ void store(int64_t i, double sum) const {
    if (dtype == DType::f64) return put<double>(i, sum);
    if (dtype == DType::f32) return put<float>(i, sum);
    put<bf16>(i, sum);
  }
};

// N elements, of which `left` exist; the others are 0.
template <int N, typename T>
__device__ __forceinline__ Pack<T, N> load_some(const T* p, int64_t left, Access access) {
  if (left >= N && access == Access::packs) return load<N>(p);
  Pack<T, N> v{};
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (j < left) v.value[j] = p[j];
  }
  return v;
}

// The function of each element that is summed.
enum class Summand : uint8_t { value, square };

template <Summand summand, int N, typename T>
__device__ __forceinline__ void add_all(Acc<T>& sum, const Pack<T, N>& v) {
#pragma unroll
  for (int j = 0; j < N; ++j) {
    const Acc<T> x = to_acc(v.value[j]);
    sum += summand == Summand::square ? x * x : x;
  }
}

// --- rows: x is [rows, length] ---

// One group of lanes per row.
template <Summand summand, typename T>
__global__ void __launch_bounds__(kThreads)
    sum_short_rows_kernel(const T* x, int64_t rows, int length, int lanes, Sink sink) {
  ptx::follow_earlier_kernels();
  constexpr int N = kPack<T>;
  const int64_t row = int64_t{blockIdx.x} * (kThreads / lanes) + threadIdx.x / lanes;
  const int lane = static_cast<int>(threadIdx.x) & (lanes - 1);
  const T* const from = x + row * length;
  const Access access = access_if(is_aligned(from));
  Acc<T> part = 0;
  for (int i = lane * N; i < length && row < rows; i += lanes * N) {
    add_all<summand>(part, load_some<N>(from + i, length - i, access));
  }
  const double sum = group_sum(static_cast<double>(part), lanes);
  if (lane == 0 && row < rows) sink.store(row, sum);
}

// Packs that a thread has in flight.
constexpr int kBatch = 8;
template <typename T>
constexpr int64_t kRowTile = int64_t{kThreads} * kBatch* kPack<T>;

// One block per chunk of a row. The sum goes to the sink, or to `partial` if rows have several.
template <Summand summand, typename T>
__global__ void __launch_bounds__(kThreads)
    sum_rows_kernel(const T* x, int64_t length, int64_t chunk, double* partial, Sink sink) {
  ptx::follow_earlier_kernels();
  constexpr int N = kPack<T>, kStep = kThreads * N;
  const T* const row = x + int64_t{blockIdx.x} * length;
  const Access access = access_if(is_aligned(row));
  const int64_t begin = blockIdx.y * chunk, rest = length - begin, count = min(chunk, rest);
  double sum = 0.0;
  for (int64_t tile = 0; tile < count; tile += kRowTile<T>) {
    const int64_t i = tile + static_cast<int>(threadIdx.x) * N;
    const T* const from = row + begin + i;
    Pack<T, N> v[kBatch];
    if (access == Access::packs && tile + kRowTile<T> <= count) {
#pragma unroll
      for (int k = 0; k < kBatch; ++k) v[k] = load<N>(from + k * kStep);
    } else {
#pragma unroll
      for (int k = 0; k < kBatch; ++k) {
        v[k] = load_some<N>(from + k * kStep, count - i - k * kStep, access);
      }
    }
    Acc<T> part = 0;
#pragma unroll
    for (int k = 0; k < kBatch; ++k) add_all<summand>(part, v[k]);
    sum += part;
  }
  sum = block_sum<kThreads>(sum);
  if (threadIdx.x != 0) return;
  if (partial == nullptr) return sink.store(blockIdx.x, sum);
  partial[int64_t{blockIdx.x} * gridDim.y + blockIdx.y] = sum;
}

// --- columns: x is [outer, reduced, inner] ---

struct Columns {
  int64_t outer, reduced, inner;
  int64_t chunk = 0;  // rows of one block
  int chunks = 1;     // blocks that share the rows
  int width = 1;      // threads along inner, a power of two; the others share a chunk's rows
  double* partial = nullptr;  // [outer, chunks, inner]; null: one chunk, straight to the sink
  Access access = Access::elements;

  int64_t column_blocks(int n) const { return ceil_div(inner, int64_t{width} * n); }
};

// Sums N values over the threads with the same position along a width; the first row gets the sums.
template <int N>
__device__ void add_rows(double (&sum)[N], int width) {
  alignas(16) __shared__ double all[N * kThreads];
  const int t = static_cast<int>(threadIdx.x);
#pragma unroll
  for (int j = 0; j < N; ++j) all[j * kThreads + t] = sum[j];
  for (int half = kThreads / 2; half >= width; half /= 2) {
    __syncthreads();
    if (t >= half) continue;
#pragma unroll
    for (int j = 0; j < N; ++j) {
      sum[j] += all[j * kThreads + t + half];
      all[j * kThreads + t] = sum[j];
    }
  }
}

template <typename T, int N>
__global__ void __launch_bounds__(kThreads, 4)
    sum_columns_kernel(const T* x, Columns c, Sink sink) {
  ptx::follow_earlier_kernels();
  constexpr int kUnroll = 4;
  const int column = static_cast<int>(threadIdx.x) & (c.width - 1);
  const int64_t first = (int64_t{blockIdx.y} * c.width + column) * N;
  const int64_t outer = blockIdx.x / c.chunks, chunk = blockIdx.x % c.chunks;
  const int64_t begin = chunk * c.chunk, rest = c.reduced - begin;
  const int step = kThreads / c.width;
  const int rows = first < c.inner ? static_cast<int>(min(c.chunk, rest)) : 0;
  const T* const from = x + (outer * c.reduced + begin) * c.inner + first;
  double sum[N] = {};
  for (int row = static_cast<int>(threadIdx.x) / c.width; row < rows; row += kTerms * step) {
    Acc<T> part[N] = {};
    for (int k = 0; k < kTerms && row + k * step < rows; k += kUnroll) {
      Pack<T, N> v[kUnroll];
#pragma unroll
      for (int u = 0; u < kUnroll; ++u) {
        const int r = row + (k + u) * step;
        v[u] = Pack<T, N>{};
        if (r < rows) v[u] = load<N>(from + r * c.inner, c.access);
      }
#pragma unroll
      for (int u = 0; u < kUnroll; ++u) {
#pragma unroll
        for (int j = 0; j < N; ++j) part[j] += to_acc(v[u].value[j]);
      }
    }
#pragma unroll
    for (int j = 0; j < N; ++j) sum[j] += part[j];
  }
  add_rows(sum, c.width);
  if (static_cast<int>(threadIdx.x) >= c.width || first >= c.inner) return;
#pragma unroll
  for (int j = 0; j < N; ++j) {
    if (c.partial == nullptr) {
      sink.store(outer * c.inner + first + j, sum[j]);
    } else {
      c.partial[(outer * c.chunks + chunk) * c.inner + first + j] = sum[j];
    }
  }
}

// y[outer, inner] from partial sums [outer, rows, inner].
__global__ void __launch_bounds__(kThreads)
    add_partials_kernel(const double* partial, int64_t rows, int64_t inner, int width, Sink sink) {
  ptx::follow_earlier_kernels();
  const int column = static_cast<int>(threadIdx.x) & (width - 1);
  const int64_t first = int64_t{blockIdx.y} * width + column, outer = blockIdx.x;
  const double* const from = partial + outer * rows * inner + first;
  double sum[1] = {0.0};
  if (first < inner) {
#pragma unroll 4
    for (int64_t row = threadIdx.x / width; row < rows; row += kThreads / width) {
      sum[0] += from[row * inner];
    }
  }
  add_rows(sum, width);
  if (static_cast<int>(threadIdx.x) < width && first < inner) {
    sink.store(outer * inner + first, sum[0]);
  }
}

// --- any other pattern ---

struct Pattern {
  Divider y[3];       // extents c, w, h of y
  Divider count[3];   // elements of x along them per element of y
  int64_t stride[4];  // of x along c, w, h, n
  int64_t results;
  uint32_t terms;

  // Offset in x of (c, w, h, n), given as an index in the order of y or of `count`.
  __device__ int64_t offset(const Divider (&extent)[3], uint32_t i) const {
    int64_t at = 0;
#pragma unroll
    for (int d = 0; d < 3; ++d) at += extent[d].split(i) * stride[d];
    return at + i * stride[3];
  }
};

template <typename T>
__global__ void __launch_bounds__(kThreads) sum_any_kernel(const T* x, Pattern p, Sink sink) {
  ptx::follow_earlier_kernels();
  const int64_t i = int64_t{blockIdx.x} * (kThreads / 32) + threadIdx.x / 32;
  const uint32_t lane = threadIdx.x % 32;
  const uint32_t terms = i < p.results ? p.terms : 0;
  const T* const from = x + (terms > 0 ? p.offset(p.y, static_cast<uint32_t>(i)) : 0);
  double sum = 0.0;
  for (uint32_t batch = lane; batch < terms; batch += 32 * kTerms) {
    Acc<T> part = 0;
    for (uint32_t k = 0; k < kTerms && batch + k * 32 < terms; ++k) {
      part += to_acc(from[p.offset(p.count, batch + k * 32)]);
    }
    sum += part;
  }
  sum = group_sum(sum, 32);
  if (lane == 0 && terms > 0) sink.store(i, sum);
}

// --- launchers ---

unsigned blocks_of(int64_t n) { return static_cast<unsigned>(n); }

void add_partials(Queue& queue, const double* partial, const ReduceLayout& l, const Sink& sink) {
  const int width = power_of_two(l.inner, 32);
  launch(queue, add_partials_kernel,
         {.grid = dim3(blocks_of(l.outer), blocks_of(ceil_div(l.inner, width))),
          .block = dim3(kThreads)},
         partial, l.reduced, l.inner, width, sink);
}

template <Summand summand, typename T>
void sum_rows(Queue& queue, const T* x, const ReduceLayout& l, const Sink& sink) {
  if (l.reduced <= kShortRow) {
    const int lanes = power_of_two(ceil_div(l.reduced, kPack<T>), 32);
    launch(queue, sum_short_rows_kernel<summand, T>,
           {.grid = dim3(blocks_of(ceil_div(l.outer, kThreads / lanes))), .block = dim3(kThreads)},
           x, l.outer, l.reduced, lanes, sink);
    return;
  }
  const int64_t most = std::max<int64_t>(1, kManyBlocks / l.outer);
  const int64_t chunk = ceil_div(ceil_div(l.reduced, kRowTile<T>), most) * kRowTile<T>;
  const int64_t chunks = ceil_div(l.reduced, chunk);
  double* partial = nullptr;
  if (chunks > 1) partial = static_cast<double*>(queue.scratch(l.outer * chunks * 8));
  launch(queue, sum_rows_kernel<summand, T>,
         {.grid = dim3(blocks_of(l.outer), blocks_of(chunks)), .block = dim3(kThreads)}, x,
         l.reduced, chunk, partial, sink);
  if (chunks > 1) add_partials(queue, partial, {l.outer, chunks, 1}, sink);
}

// fold: number of neighbouring rows that count as one, if one row is not a whole number of packs;
// their columns are added with the partial sums.
template <typename T, int N>
void sum_columns(Queue& queue, const T* x, ReduceLayout l, int64_t fold, const Sink& sink) {
  l.reduced /= fold;
  l.inner *= fold;
  Columns c{.outer = l.outer, .reduced = l.reduced, .inner = l.inner};
  c.width = power_of_two(ceil_div(l.inner, N), kThreads);
  c.access = access_if(is_aligned(x));
  const int64_t others = l.outer * c.column_blocks(N), step = kThreads / c.width;
  const int64_t most = std::max<int64_t>(1, kManyBlocks / others);
  c.chunk = ceil_div(std::max(16 * step, ceil_div(l.reduced, most)), step) * step;
  PG_ASSERT(c.chunk < int64_t{1} << 30);
  c.chunks = static_cast<int>(ceil_div(l.reduced, c.chunk));
  const bool partial = c.chunks > 1 || fold > 1;
  if (partial) c.partial = static_cast<double*>(queue.scratch(l.outer * c.chunks * l.inner * 8));
  launch(queue, sum_columns_kernel<T, N>,
         {.grid = dim3(blocks_of(l.outer * c.chunks), blocks_of(c.column_blocks(N))),
          .block = dim3(kThreads)},
         x, c, sink);
  if (!partial) return;
  add_partials(queue, c.partial, {l.outer, c.chunks * fold, l.inner / fold}, sink);
}

template <typename T>
void sum_any(Queue& queue, const T* x, const Shape& sx, const Shape& sy, const Sink& sink) {
  Pattern p{.y = {Divider(sy.c), Divider(sy.w), Divider(sy.h)},
            .count = {Divider(sx.c / sy.c), Divider(sx.w / sy.w), Divider(sx.h / sy.h)},
            .stride = {1, sx.c, sx.c * sx.w, sx.c * sx.w * sx.h},
            .results = small_count(sy.numel()),
            .terms = small_count(sx.numel() / sy.numel())};
  launch(queue, sum_any_kernel<T>,
         {.grid = dim3(blocks_of(ceil_div(p.results, kThreads / 32))), .block = dim3(kThreads)}, x,
         p, sink);
}

}  // namespace

void reduce_sum(Queue& queue, const ReduceSumArgs& args) {
  const Sink sink{args.y.data, args.y.dtype, args.scale, args.accumulate};
  dispatch_storage(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    constexpr int N = kPack<T>;
    PG_ASSERT(args.y.dtype == args.x.dtype || args.y.dtype == dtype_of<Acc<T>>);
    const T* const x = args.x.as<T>();
    const std::optional<ReduceLayout> layout = reduce_layout(args.x.shape, args.y.shape);
    if (!layout) return sum_any(queue, x, args.x.shape, args.y.shape, sink);
    if (layout->inner == 1) return sum_rows<Summand::value>(queue, x, *layout, sink);
    if (layout->inner % N == 0) return sum_columns<T, N>(queue, x, *layout, 1, sink);
    if (layout->reduced % N == 0 && layout->inner < kThreads) {
      return sum_columns<T, N>(queue, x, *layout, N, sink);
    }
    sum_columns<T, 1>(queue, x, *layout, 1, sink);
  });
}

void sum_squares(Queue& queue, const SumSquaresArgs& args) {
  const int64_t samples = args.x.shape.n;
  PG_ASSERT(args.y.shape == (Shape{samples, 1, 1, 1}) && args.y.dtype == acc_of(args.x.dtype));
  const Sink sink{args.y.data, args.y.dtype, 1.0, Accumulate::overwrite};
  dispatch_storage(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const ReduceLayout rows{samples, args.x.shape.numel() / samples, 1};
    sum_rows<Summand::square>(queue, args.x.as<T>(), rows, sink);
  });
}

}  // namespace pg::cuda
