// matmul: the dense matrix product: exact on CUDA cores, tf32 on tensor cores, or a warp for each
// row times a vector.
//
// Dense layers are a small part of a network, so one tile of each kind serves all shapes and mixes
// of f32 and bf16 operands (exact in tf32). Few results of long sums are cut into chunks of the
// depth, by shape alone, and the chunks added in order.
#include "kernels/cuda/conv_w_fragments.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/tiled_product.cuh"

namespace pg::cuda {
namespace {

// Memory of A, or where A is float, of bf16 too.
template <typename A>
struct AnyConst {
  const void* data;
  DType dtype;

  __device__ __forceinline__ A operator[](int64_t i) const {
    if constexpr (sizeof(A) == 4) {
      if (dtype == DType::bf16) return to_acc(static_cast<const bf16*>(data)[i]);
    }
    return static_cast<const A*>(data)[i];
  }
};

// Where a product goes: y, scaled, or the partial sums [chunks, rows, columns].
template <typename A>
struct Output {
  void* y;
  DType dtype;
  A* partial;  // null: one chunk, straight to y
  int64_t rows, columns;
  A scale;
  bool add;

  __device__ __forceinline__ void finish(int64_t i, A sum) const {
    const AnyConst<A> before{y, dtype};
    const A v = scale * sum + (add ? before[i] : A{0});
    if constexpr (sizeof(A) == 4) {
      if (dtype == DType::bf16) {
        static_cast<bf16*>(y)[i] = from_acc<bf16>(v);
        return;
      }
    }
    static_cast<A*>(y)[i] = v;
  }
  __device__ __forceinline__ void store(int64_t chunk, int64_t row, int64_t column, A sum) const {
    const int64_t i = row * columns + column;
    if (partial == nullptr) return finish(i, sum);
    partial[chunk * rows * columns + i] = sum;
  }
};

template <typename A>
__global__ void sum_chunks_kernel(Output<A> out, int64_t chunks) {
  const int64_t count = out.rows * out.columns;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    A sum{0};
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += out.partial[chunk * count + i];
    out.finish(i, sum);
  }
}

using ExactTile = ProductTile<64, 64, 16, 4, 4>;

template <typename A, typename Left, typename Right>
__global__ void __launch_bounds__(ExactTile::kThreads)
    exact_matmul_kernel(Left a, Right b, Output<A> out, int64_t chunk) {
  __shared__ ProductSmem<A, ExactTile> smem;
  const int64_t begin = int64_t{blockIdx.z} * chunk;
  const ProductRange range{int64_t{blockIdx.y} * ExactTile::kRows,
                           int64_t{blockIdx.x} * ExactTile::kColumns, begin,
                           min(a.depth, begin + chunk)};
  A acc[ExactTile::kThreadRows][ExactTile::kThreadColumns] = {};
  a.depth = b.depth = range.end;
  tile_product<A, ExactTile>(smem, a, b, range, acc);
  for_each_result<ExactTile>(acc, range, out.rows, out.columns, [&](int64_t i, int64_t j, A sum) {
    out.store(blockIdx.z, i, j, sum);
  });
}

// An operand of the tensor-core product, as MatrixSource.
struct TensorOperand {
  AnyConst<float> data;
  int64_t lines, line_stride, depth_stride;
};

constexpr int kTile = 64, kTensorDepth = 32, kTensorThreads = 128;
constexpr int kTensorLd = kTile + 8;  // no bank conflicts between the lanes of a fragment

struct TensorSmem {
  alignas(16) float a[2][kTensorDepth][kTensorLd];
  alignas(16) float b[2][kTensorDepth][kTensorLd];
};

// A thread's share of one operand's tile, on its way through registers.
struct TensorLoader {
  static constexpr int kCount = kTile * kTensorDepth / kTensorThreads;
  const TensorOperand& m;
  int64_t first;
  float value[kCount] = {};

  // Neighbouring threads take neighbours in memory: lines, or eight depths of a line.
  __device__ __forceinline__ int line(int i) const {
    const int t = static_cast<int>(threadIdx.x);
    return m.line_stride == 1 ? t % kTile : t / 8 + i / 4 * (kTensorThreads / 8);
  }
  __device__ __forceinline__ int depth(int i) const {
    const int t = static_cast<int>(threadIdx.x);
    return m.line_stride == 1 ? t / kTile + i * (kTensorThreads / kTile) : t % 8 + i % 4 * 8;
  }
  __device__ __forceinline__ void fetch(int64_t begin, int64_t end) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const int64_t l = first + line(i), d = begin + depth(i);
      const bool in = l < m.lines && d < end;
      value[i] = in ? m.data[l * m.line_stride + d * m.depth_stride] : 0.0f;
    }
  }
  __device__ __forceinline__ void store(float (&tile)[kTensorDepth][kTensorLd]) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) tile[depth(i)][line(i)] = ptx::round_to_tf32(value[i]);
  }
};

// Four warps, each 32 x 32 of the block's 64 x 64 results.
__global__ void __launch_bounds__(kTensorThreads)
    tensor_matmul_kernel(TensorOperand a, TensorOperand b, Output<float> out, int64_t depth,
                         int64_t chunk) {
  using F = Fragments<float>;
  __shared__ TensorSmem smem;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int row0 = warp / 2 * 32, column0 = warp % 2 * 32;
  const int64_t begin = int64_t{blockIdx.z} * chunk, end = min(depth, begin + chunk);
  TensorLoader load_a{a, int64_t{blockIdx.y} * kTile}, load_b{b, int64_t{blockIdx.x} * kTile};
  float acc[2][4][4] = {};
  load_a.fetch(begin, end);
  load_b.fetch(begin, end);
  int stage = 0;
  for (int64_t d = begin; d < end; d += kTensorDepth, stage ^= 1) {
    load_a.store(smem.a[stage]);
    load_b.store(smem.b[stage]);
    __syncthreads();  // the only one: the next stores go to the other stage
    load_a.fetch(d + kTensorDepth, end);
    load_b.fetch(d + kTensorDepth, end);
#pragma unroll
    for (int k = 0; k < kTensorDepth; k += F::kDepth) {
      uint32_t left[2][4], right[4][2];
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        F::load_a(left[i], &smem.a[stage][k][row0 + i * 16], kTensorLd, lane);
      }
      const float* const rows[F::kRows] = {&smem.b[stage][k + F::row_of(lane, 0)][column0],
                                           &smem.b[stage][k + F::row_of(lane, 1)][column0]};
      F::load_b<4>(right, rows, 0, lane);
#pragma unroll
      for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) F::multiply(acc[i][j], left[i], right[j]);
      }
    }
  }
#pragma unroll
  for (int e = 0; e < 32; ++e) {
    const int i = e / 16, j = e / 4 % 4, part = e % 4;
    const int64_t row = load_a.first + row0 + i * 16 + (lane >> 2) + (part >> 1) * 8;
    const int64_t column = load_b.first + column0 + j * 8 + (lane & 3) * 2 + (part & 1);
    if (row < out.rows && column < out.columns) {
      out.store(blockIdx.z, row, column, acc[i][j][part]);
    }
  }
}

// y[row] = sum over d of m[row, d] v[d], rows contiguous, a warp for each.
template <typename A>
__global__ void row_dot_kernel(AnyConst<A> m, AnyConst<A> v, Output<A> out, int64_t depth) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / 32;
  if (row >= out.rows) return;  // a whole warp
  A sum{0};
  for (int64_t d = lane; d < depth; d += 32) sum += m[row * depth + d] * v[d];
#pragma unroll
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xFFFFFFFFu, sum, step);
  if (lane == 0) out.finish(row, sum);
}

struct Extents {
  int64_t rows, depth, columns;  // M, L, J
};

Extents extents_of(const MatmulArgs& args) {
  const int64_t a_rows = args.a.shape.pixels(), a_columns = args.a.shape.c;
  const int64_t b_rows = args.b.shape.pixels(), b_columns = args.b.shape.c;
  const bool ta = args.trans_a == Transpose::yes, tb = args.trans_b == Transpose::yes;
  const Extents e{ta ? a_columns : a_rows, ta ? a_rows : a_columns, tb ? b_rows : b_columns};
  PG_ASSERT(e.depth == (tb ? b_columns : b_rows));
  PG_ASSERT(args.y.shape.pixels() == e.rows && args.y.shape.c == e.columns);
  return e;
}

// Chunks of the depth: two blocks for each processor of a large device, at least 128 terms.
int64_t chunk_depth(const Extents& e) {
  const int64_t tiles = ceil_div(e.rows, kTile) * ceil_div(e.columns, kTile);
  const int64_t most = std::max<int64_t>(1, e.depth / 128);
  return ceil_div(ceil_div(e.depth, std::clamp<int64_t>(264 / tiles, 1, most)), 32) * 32;
}

// Launches run(grid, chunk, out) and, where there are several chunks, their sum.
template <typename A, typename Run>
void in_chunks(Queue& queue, const Extents& e, Output<A> out, Run run) {
  const int64_t chunk = chunk_depth(e), chunks = ceil_div(e.depth, chunk);
  if (chunks > 1) {
    const int64_t bytes = chunks * e.rows * e.columns * static_cast<int64_t>(sizeof(A));
    out.partial = static_cast<A*>(queue.scratch(bytes));
  }
  run(dim3(static_cast<unsigned>(ceil_div(e.columns, kTile)),
           static_cast<unsigned>(ceil_div(e.rows, kTile)), static_cast<unsigned>(chunks)),
      chunk, out);
  if (chunks == 1) return;
  launch(queue, sum_chunks_kernel<A>, stride_grid(queue, e.rows * e.columns), out, chunks);
}

template <typename T, bool depth_fastest>
MatrixSource<T, depth_fastest> source_of(const ConstTensorView& m, int64_t lines, int64_t depth) {
  if constexpr (depth_fastest) return {m.as<T>(), lines, depth, depth, 1};
  return {m.as<T>(), lines, depth, 1, lines};
}

template <typename T, bool a_depth_fastest, bool b_depth_fastest>
void run_exact(Queue& queue, const MatmulArgs& args, const Extents& e, const Output<T>& out) {
  const auto a = source_of<T, a_depth_fastest>(args.a, e.rows, e.depth);
  const auto b = source_of<T, b_depth_fastest>(args.b, e.columns, e.depth);
  in_chunks(queue, e, out, [&](dim3 grid, int64_t chunk, const Output<T>& to) {
    launch(
        queue,
        exact_matmul_kernel<T, MatrixSource<T, a_depth_fastest>, MatrixSource<T, b_depth_fastest>>,
        {.grid = grid, .block = dim3(ExactTile::kThreads)}, a, b, to, chunk);
  });
}

template <typename T>
void run_exact(Queue& queue, const MatmulArgs& args, const Extents& e, const Output<T>& out) {
  const bool tb = args.trans_b == Transpose::yes;
  if (args.trans_a == Transpose::no) {
    return tb ? run_exact<T, true, true>(queue, args, e, out)
              : run_exact<T, true, false>(queue, args, e, out);
  }
  return tb ? run_exact<T, false, true>(queue, args, e, out)
            : run_exact<T, false, false>(queue, args, e, out);
}

void run_tensor(Queue& queue, const MatmulArgs& args, const Extents& e, const Output<float>& out) {
  const auto operand = [&](const ConstTensorView& m, int64_t lines, bool depth_fastest) {
    return TensorOperand{
        {m.data, m.dtype}, lines, depth_fastest ? e.depth : 1, depth_fastest ? 1 : lines};
  };
  const TensorOperand a = operand(args.a, e.rows, args.trans_a == Transpose::no);
  const TensorOperand b = operand(args.b, e.columns, args.trans_b == Transpose::yes);
  in_chunks(queue, e, out, [&](dim3 grid, int64_t chunk, const Output<float>& to) {
    launch(queue, tensor_matmul_kernel, {.grid = grid, .block = dim3(kTensorThreads)}, a, b, to,
           e.depth, chunk);
  });
}

// Rows times a vector, from either side.
template <typename A>
bool run_row_dot(Queue& queue, const MatmulArgs& args, const Extents& e, const Output<A>& out) {
  const bool left = e.columns == 1 && args.trans_a == Transpose::no;
  const bool right = e.rows == 1 && args.trans_b == Transpose::yes;
  if (!left && !right) return false;
  const ConstTensorView &m = left ? args.a : args.b, &v = left ? args.b : args.a;
  Output<A> to = out;
  to.rows = e.rows * e.columns;
  constexpr int kThreads = 256;
  launch(queue, row_dot_kernel<A>,
         {.grid = dim3(static_cast<unsigned>(ceil_div(to.rows * 32, kThreads))),
          .block = dim3(kThreads)},
         AnyConst<A>{m.data, m.dtype}, AnyConst<A>{v.data, v.dtype}, to, e.depth);
  return true;
}

template <typename A>
Output<A> output_of(const MatmulArgs& args, const Extents& e) {
  return {args.y.data,
          args.y.dtype,
          nullptr,
          e.rows,
          e.columns,
          static_cast<A>(args.scale),
          args.accumulate == Accumulate::add};
}

}  // namespace

void matmul(Queue& queue, const MatmulArgs& args) {
  const Extents e = extents_of(args);
  if (args.y.dtype == DType::f64) {
    PG_ASSERT(args.a.dtype == DType::f64 && args.b.dtype == DType::f64);
    const auto out = output_of<double>(args, e);
    if (!run_row_dot(queue, args, e, out)) run_exact<double>(queue, args, e, out);
    return;
  }
  bool any_bf16 = false;
  for (const DType t : {args.a.dtype, args.b.dtype, args.y.dtype}) {
    PG_CHECK(t == DType::f32 || t == DType::bf16, DTypeError, "matmul: element type ", name_of(t),
             " beside f32 or bf16, convert it first");
    any_bf16 = any_bf16 || t == DType::bf16;
  }
  const auto out = output_of<float>(args, e);
  if (run_row_dot(queue, args, e, out)) return;
  if (any_bf16 || queue.math() == MatrixMath::tf32) return run_tensor(queue, args, e, out);
  run_exact<float>(queue, args, e, out);
}

}  // namespace pg::cuda
