// matmul_parts.cuh: operands, results and sums of chunks, shared by all matrix products.
#pragma once

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/storage.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/error.h"
#include "kernels/shapes.h"

namespace pg::cuda {

// --- kernels ---

// Memory of type A; if A is float, also of bf16.
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

// The destination of a product: y, scaled, or partial sums [chunks, rows, columns].
template <typename A>
struct MatmulOutput {
  void* y;
  DType dtype;
  A* partial;  // null: one chunk, straight to y
  int64_t rows, columns;
  A scale;
  bool add;

  __device__ __forceinline__ void store_result(int64_t i, A sum) const {
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
    if (partial == nullptr) return store_result(i, sum);
    partial[chunk * rows * columns + i] = sum;
  }
};

namespace {

template <typename A>
__global__ void sum_chunks_kernel(MatmulOutput<A> out, int64_t chunks) {
  ptx::follow_earlier_kernels();
  const int64_t count = out.rows * out.columns;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    A sum{0};
    for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += out.partial[chunk * count + i];
    out.store_result(i, sum);
  }
}

// --- launchers ---

constexpr int kMatmulTile = 64;  // rows and columns of a block's results
constexpr int64_t kMostBlocksY = 65535;

// Depth of a chunk: two blocks per processor of a large device, at least 128 terms.
inline int64_t chunk_depth(const MatmulExtents& e) {
  const int64_t tiles = ceil_div(e.rows, kMatmulTile) * ceil_div(e.columns, kMatmulTile);
  const int64_t most = std::max<int64_t>(1, e.depth / 128);
  return round_up(ceil_div(e.depth, std::clamp<int64_t>(264 / tiles, 1, most)), 32);
}

// Calls launch_product(grid, chunk, out), and sums the chunks if there are several.
template <typename A, typename Launch>
void launch_chunks(Queue& queue, const MatmulExtents& e, MatmulOutput<A> out,
                   Launch launch_product) {
  const int64_t chunk = chunk_depth(e), chunks = ceil_div(e.depth, chunk);
  if (chunks > 1) {
    const int64_t bytes = chunks * e.rows * e.columns * static_cast<int64_t>(sizeof(A));
    out.partial = static_cast<A*>(queue.scratch(bytes));
  }
  // Rows may be millions of pixels or images, more than the y axis of a grid has blocks for.
  const int64_t row_tiles = ceil_div(e.rows, kMatmulTile);
  const int64_t column_tiles = ceil_div(e.columns, kMatmulTile);
  PG_CHECK(column_tiles <= kMostBlocksY, ShapeError, "matmul: expected at most ",
           kMostBlocksY * kMatmulTile, " columns, got ", e.columns);
  launch_product(dim3(static_cast<unsigned>(row_tiles), static_cast<unsigned>(column_tiles),
                      static_cast<unsigned>(chunks)),
                 chunk, out);
  if (chunks == 1) return;
  launch(queue, sum_chunks_kernel<A>, stride_grid(queue, e.rows * e.columns), out, chunks);
}

}  // namespace

// On tensor cores: operands f32 (rounded to tf32) or bf16, sums in f32.
void tensor_matmul(Queue& queue, const MatmulArgs& args, const MatmulExtents& e,
                   const MatmulOutput<float>& out);

}  // namespace pg::cuda
