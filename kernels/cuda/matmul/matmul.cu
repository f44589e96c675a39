// matmul.cu: the dense matrix product: exact on CUDA cores, tf32 on tensor cores, or one warp per
// row times a vector.
//
// Dense layers are a small part of a network, so one tile of each kind is used for all shapes and
// mixes of f32 and bf16 operands (bf16 is exact in tf32). Long sums with few results are split into
// chunks of the depth, by shape only, and the chunks are added in order.
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/sums.cuh"
#include "kernels/cuda/block/tiled_product.cuh"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/matmul/matmul_parts.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

using ExactTile = ProductTile<64, 64, 16, 4, 4>;

template <typename A, typename Left, typename Right>
__global__ void __launch_bounds__(ExactTile::kThreads)
    exact_matmul_kernel(Left a, Right b, MatmulOutput<A> out, int64_t chunk) {
  ptx::follow_earlier_kernels();
  __shared__ ProductSmem<A, ExactTile> smem;
  const int64_t begin = int64_t{blockIdx.z} * chunk;
  const ProductRange range{int64_t{blockIdx.x} * ExactTile::kRows,
                           int64_t{blockIdx.y} * ExactTile::kColumns, begin,
                           min(a.depth, begin + chunk)};
  A acc[ExactTile::kThreadRows][ExactTile::kThreadColumns] = {};
  a.depth = b.depth = range.end;
  tile_product<A, ExactTile>(smem, a, b, range, acc);
  for_each_result<ExactTile>(acc, range, out.rows, out.columns, [&](int64_t i, int64_t j, A sum) {
    out.store(blockIdx.z, i, j, sum);
  });
}

// y[row] = sum over d of m[row, d] v[d], with contiguous rows and one warp per row.
template <typename A>
__global__ void row_dot_kernel(AnyConst<A> m, AnyConst<A> v, MatmulOutput<A> out, int64_t depth) {
  ptx::follow_earlier_kernels();
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t row = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / kWarp;
  if (row >= out.rows) return;  // a whole warp
  A sum{0};
  for (int64_t d = lane; d < depth; d += kWarp) sum += m[row * depth + d] * v[d];
  sum = group_sum(sum, kWarp);
  if (lane == 0) out.store_result(row, sum);
}

// A MatrixSource of f32 or bf16 elements, by a type known only when the kernel runs: for products
// of bf16 that may not go to tensor cores.
template <bool depth_fastest>
struct MixedSource {
  static constexpr bool kDepthFastest = depth_fastest;
  using Line = int64_t;
  using Step = int64_t;
  AnyConst<float> data;
  int64_t lines, depth, line_stride, depth_stride;

  __device__ Line line(int64_t i) const { return i < lines ? i * line_stride : -1; }
  __device__ Step step(int64_t d) const { return d < depth ? d * depth_stride : -1; }
  __device__ float at(Line l, Step s) const { return l < 0 || s < 0 ? 0.0f : data[l + s]; }
};

// --- launchers ---

// T = f32 or f64, or bf16 for a mixture of f32 and bf16.
template <typename T, bool depth_fastest>
auto source_of(const ConstTensorView& m, int64_t lines, int64_t depth) {
  const int64_t line_stride = depth_fastest ? depth : 1, depth_stride = depth_fastest ? 1 : lines;
  if constexpr (sizeof(T) == 2) {
    return MixedSource<depth_fastest>{{m.data, m.dtype}, lines, depth, line_stride, depth_stride};
  } else {
    return MatrixSource<T, depth_fastest>{m.as<T>(), lines, depth, line_stride, depth_stride};
  }
}

template <typename T, bool a_depth_fastest, bool b_depth_fastest>
void launch_exact(Queue& queue, const MatmulArgs& args, const MatmulExtents& e,
                  const MatmulOutput<Acc<T>>& out) {
  const auto a = source_of<T, a_depth_fastest>(args.a, e.rows, e.depth);
  const auto b = source_of<T, b_depth_fastest>(args.b, e.columns, e.depth);
  launch_chunks(queue, e, out, [&](dim3 grid, int64_t chunk, const MatmulOutput<Acc<T>>& to) {
    launch(queue,
           exact_matmul_kernel<Acc<T>, std::remove_const_t<decltype(a)>,
                               std::remove_const_t<decltype(b)>>,
           {.grid = grid, .block = dim3(ExactTile::kThreads)}, a, b, to, chunk);
  });
}

template <typename T>
void launch_exact(Queue& queue, const MatmulArgs& args, const MatmulExtents& e,
                  const MatmulOutput<Acc<T>>& out) {
  const bool tb = args.trans_b == Transpose::yes;
  if (args.trans_a == Transpose::no) {
    return tb ? launch_exact<T, true, true>(queue, args, e, out)
              : launch_exact<T, true, false>(queue, args, e, out);
  }
  return tb ? launch_exact<T, false, true>(queue, args, e, out)
            : launch_exact<T, false, false>(queue, args, e, out);
}

// A matrix times a vector, from either side; false if neither operand is a vector.
template <typename A>
bool launch_row_dot(Queue& queue, const MatmulArgs& args, const MatmulExtents& e,
                    const MatmulOutput<A>& out) {
  const bool left = e.columns == 1 && args.trans_a == Transpose::no;
  const bool right = e.rows == 1 && args.trans_b == Transpose::yes;
  if (!left && !right) return false;
  const ConstTensorView &m = left ? args.a : args.b, &v = left ? args.b : args.a;
  MatmulOutput<A> to = out;
  to.rows = e.rows * e.columns;
  constexpr int kThreads = 256;
  launch(queue, row_dot_kernel<A>,
         {.grid = dim3(static_cast<unsigned>(ceil_div(to.rows * kWarp, kThreads))),
          .block = dim3(kThreads)},
         AnyConst<A>{m.data, m.dtype}, AnyConst<A>{v.data, v.dtype}, to, e.depth);
  return true;
}

template <typename A>
MatmulOutput<A> output_of(const MatmulArgs& args, const MatmulExtents& e) {
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
  const MatmulExtents e = matmul_extents(args);
  if (args.y.dtype == DType::f64) {
    PG_ASSERT(args.a.dtype == DType::f64 && args.b.dtype == DType::f64);
    const auto out = output_of<double>(args, e);
    if (!launch_row_dot(queue, args, e, out)) launch_exact<double>(queue, args, e, out);
    return;
  }
  bool any_bf16 = false;
  for (const DType t : {args.a.dtype, args.b.dtype, args.y.dtype}) {
    PG_CHECK(t == DType::f32 || t == DType::bf16, DTypeError, "matmul: expected f32 or bf16, got ",
             name_of(t));
    any_bf16 = any_bf16 || t == DType::bf16;
  }
  const auto out = output_of<float>(args, e);
  if (launch_row_dot(queue, args, e, out)) return;
  const bool tensor = any_bf16 || queue.math() == MatrixMath::tf32;
  if (tensor && queue.uses(TensorFamily::matmul, any_bf16 ? DType::bf16 : DType::f32)) {
    return tensor_matmul(queue, args, e, out);
  }
  if (any_bf16) return launch_exact<bf16>(queue, args, e, out);
  launch_exact<float>(queue, args, e, out);
}

}  // namespace pg::cuda
