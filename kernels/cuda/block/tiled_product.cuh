// tiled_product.cuh: one block's tile of a matrix product on CUDA cores, in f64 or f32.
//
// An operand is anything with elements (line, depth): a matrix in any transposition, or the patches
// of an image. A thread computes the indices of its lines once and of each depth once a step, which
// keeps the index arithmetic of a convolution out of the inner loop. Global loads of the next step
// are in flight, into registers, while the current one is multiplied.
#pragma once

#include "kernels/cuda/block/pack.cuh"

namespace pg::cuda {

// A block of kThreads threads computes rows x columns results, depth terms of the sums at a time;
// each thread computes thread_rows x thread_columns of them (multiples of 4).
template <int rows, int columns, int depth, int thread_rows, int thread_columns>
struct ProductTile {
  static constexpr int kRows = rows, kColumns = columns, kDepth = depth;
  static constexpr int kThreadRows = thread_rows, kThreadColumns = thread_columns;
  static constexpr int kColumnThreads = columns / thread_columns;
  static constexpr int kThreads = rows / thread_rows * kColumnThreads;
};

constexpr int kProductPad = 4;  // elements; keeps rows 16-byte aligned and spreads the banks

template <typename A, typename Tile>
struct ProductSmem {
  alignas(16) A a[Tile::kDepth][Tile::kRows + kProductPad];
  alignas(16) A b[Tile::kDepth][Tile::kColumns + kProductPad];
};

// A matrix as an operand: element (line, d) is at line * line_stride + d * depth_stride. Lines and
// depths outside are zero.
template <typename T, bool depth_fastest>
struct MatrixSource {
  static constexpr bool kDepthFastest =
      depth_fastest;  // neighbouring threads load depths, or lines
  using Line = int64_t;
  using Step = int64_t;
  const T* data;
  int64_t lines, depth, line_stride, depth_stride;

  __device__ Line line(int64_t i) const { return i < lines ? i * line_stride : -1; }
  __device__ Step step(int64_t d) const { return d < depth ? d * depth_stride : -1; }
  __device__ Acc<T> at(Line l, Step s) const {
    return l < 0 || s < 0 ? Acc<T>{0} : to_acc(data[l + s]);
  }
};

// Moves this thread's share of one operand from global to shared memory.
template <typename A, typename Tile, int lines, typename Source>
class ProductLoader {
 public:
  __device__ ProductLoader(const Source& source, int64_t first) : source_(source) {
#pragma unroll
    for (int i = 0; i < kLines; ++i) line_[i] = source.line(first + line_index(i));
  }

  __device__ void fetch(int64_t depth) {
    if constexpr (Source::kDepthFastest) {
      const typename Source::Step step = source_.step(depth + depth_index(0));
#pragma unroll
      for (int i = 0; i < kCount; ++i) {
        if (mine(i)) value_[i] = source_.at(line_[i], step);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kCount; ++i) {
        if (mine(i)) value_[i] = source_.at(line_[0], source_.step(depth + depth_index(i)));
      }
    }
  }

  __device__ void store(A (&tile)[Tile::kDepth][lines + kProductPad]) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      if (mine(i)) tile[depth_index(i)][line_index(i)] = value_[i];
    }
  }

 private:
  static constexpr int kCount = (lines * Tile::kDepth + Tile::kThreads - 1) / Tile::kThreads;
  static constexpr int kLines = Source::kDepthFastest ? kCount : 1;

  static __device__ int line_index(int i) {
    const int t = static_cast<int>(threadIdx.x);
    return Source::kDepthFastest ? t / Tile::kDepth + i * (Tile::kThreads / Tile::kDepth)
                                 : t % lines;
  }
  static __device__ int depth_index(int i) {
    const int t = static_cast<int>(threadIdx.x);
    return Source::kDepthFastest ? t % Tile::kDepth : t / lines + i * (Tile::kThreads / lines);
  }
  static __device__ bool mine(int i) {
    return line_index(i) < lines && depth_index(i) < Tile::kDepth;
  }

  const Source& source_;
  typename Source::Line line_[kLines];
  A value_[kCount] = {};
};

// Row (or column) in the tile of a thread's i-th result: groups of four neighbours, so that shared
// memory is read 16 bytes at a time and without bank conflicts.
template <int extent, int per_thread>
__device__ __forceinline__ int product_index(int thread, int i) {
  return i / 4 * (extent / (per_thread / 4)) + thread * 4 + i % 4;
}

template <typename A, int extent, int per_thread>
__device__ __forceinline__ void read_product_operand(const A* row, int thread,
                                                     A (&out)[per_thread]) {
#pragma unroll
  for (int i = 0; i < per_thread; i += kPack<A>) {
    const auto v = load<kPack<A>>(row + product_index<extent, per_thread>(thread, i));
#pragma unroll
    for (int j = 0; j < kPack<A>; ++j) out[i + j] = v.value[j];
  }
}

// The start of a block's tile, and the terms it sums.
struct ProductRange {
  int64_t row, column, begin, end;
};

// acc += the products of the range; every thread of the block calls it once, from one source line.
template <typename A, typename Tile, typename SourceA, typename SourceB>
__device__ __forceinline__ void tile_product(ProductSmem<A, Tile>& smem, const SourceA& a,
                                             const SourceB& b, const ProductRange& range,
                                             A (&acc)[Tile::kThreadRows][Tile::kThreadColumns]) {
  constexpr int kTr = Tile::kThreadRows, kTc = Tile::kThreadColumns;
  const int ty = static_cast<int>(threadIdx.x) / Tile::kColumnThreads;
  const int tx = static_cast<int>(threadIdx.x) % Tile::kColumnThreads;
  ProductLoader<A, Tile, Tile::kRows, SourceA> load_a(a, range.row);
  ProductLoader<A, Tile, Tile::kColumns, SourceB> load_b(b, range.column);
  // Threads with all results outside only load.
  const bool busy = range.row + ty * 4 < a.lines && range.column + tx * 4 < b.lines;
  load_a.fetch(range.begin);
  load_b.fetch(range.begin);
  for (int64_t d = range.begin; d < range.end; d += Tile::kDepth) {
    load_a.store(smem.a);
    load_b.store(smem.b);
    __syncthreads();
    if (d + Tile::kDepth < range.end) {
      load_a.fetch(d + Tile::kDepth);
      load_b.fetch(d + Tile::kDepth);
    }
    if (busy) {
#pragma unroll
      for (int k = 0; k < Tile::kDepth; ++k) {
        A left[kTr], right[kTc];
        read_product_operand<A, Tile::kRows, kTr>(smem.a[k], ty, left);
        read_product_operand<A, Tile::kColumns, kTc>(smem.b[k], tx, right);
#pragma unroll
        for (int i = 0; i < kTr; ++i) {
#pragma unroll
          for (int j = 0; j < kTc; ++j) acc[i][j] += left[i] * right[j];
        }
      }
    }
    __syncthreads();
  }
}

// Calls f(row, column, sum) for each existing result of this thread.
template <typename Tile, typename A, typename F>
__device__ __forceinline__ void for_each_result(
    const A (&acc)[Tile::kThreadRows][Tile::kThreadColumns], const ProductRange& range,
    int64_t rows, int64_t columns, F f) {
  const int ty = static_cast<int>(threadIdx.x) / Tile::kColumnThreads;
  const int tx = static_cast<int>(threadIdx.x) % Tile::kColumnThreads;
#pragma unroll
  for (int i = 0; i < Tile::kThreadRows; ++i) {
    const int64_t row = range.row + product_index<Tile::kRows, Tile::kThreadRows>(ty, i);
#pragma unroll
    for (int j = 0; j < Tile::kThreadColumns; ++j) {
      const int64_t column =
          range.column + product_index<Tile::kColumns, Tile::kThreadColumns>(tx, j);
      if (row < rows && column < columns) f(row, column, acc[i][j]);
    }
  }
}

}  // namespace pg::cuda
