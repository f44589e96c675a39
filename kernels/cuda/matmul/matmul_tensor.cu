// matmul_tensor.cu: the matrix product on tensor cores, in tf32 for any mix of f32 and bf16.
//
// Operands pass through registers, where they are widened, rounded and transposed: tiles in shared
// memory have one row per depth, whatever the transposition. Loads are packs of four elements if
// extents and addresses allow.
#include "kernels/cuda/block/mma_fragments.cuh"
#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/sums.cuh"
#include "kernels/cuda/matmul/matmul_parts.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

constexpr int kTile = kMatmulTile, kDepth = 32, kThreads = 128;
constexpr int kLd = kTile + 8;  // no bank conflicts between the lanes of a fragment
constexpr int kFour = 4;        // neighbours in memory that a thread loads together

using Tile = float[kDepth][kLd];

struct TensorSmem {
  alignas(16) Tile a[2];
  alignas(16) Tile b[2];
};

// Element (line, d) is at line * line_stride + d * depth_stride; one of the strides is 1.
template <typename T>
struct TensorOperand {
  const T* data;
  int64_t lines, line_stride, depth_stride;
};

// Row of a tile for depth d. The permuted order does not matter to the sum, and threads that hold
// four depths of a line write their first, second, ... values to rows in different banks.
__device__ __forceinline__ int tile_row(int d) { return d % kFour * (kDepth / kFour) + d / kFour; }

// A thread's share of one operand's tile, in registers: kCount fours, which follow each other along
// depth if memory is contiguous along lines, and along lines if it is contiguous along depth.
template <typename T, Access access>
class TensorLoader {
 public:
  __device__ TensorLoader(const TensorOperand<T>& m, int64_t first, int64_t begin)
      : by_line_(m.line_stride == 1) {
    constexpr int kPerLine = kDepth / kFour, kPerDepth = kTile / kFour;
    const int t = static_cast<int>(threadIdx.x);
    line_ = by_line_ ? t % kPerDepth * kFour : t / kPerLine;
    depth_ = by_line_ ? t / kPerDepth : t % kPerLine * kFour;
    line_step_ = by_line_ ? 0 : kThreads / kPerLine;
    depth_step_ = by_line_ ? kThreads / kPerDepth : 0;
    at_ = m.data + (first + line_) * m.line_stride + (begin + depth_) * m.depth_stride;
    step_ = line_step_ * m.line_stride + depth_step_ * m.depth_stride;
    advance_ = kDepth * m.depth_stride;
    lines_ = static_cast<int>(min(m.lines - first, int64_t{kTile}));
  }

  // The next kDepth depths, of which `left` (may be < 0) exist.
  __device__ __forceinline__ void fetch(int64_t left) {
    const int depths = static_cast<int>(min(left, int64_t{kDepth}));
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const T* const at = at_ + i * step_;
      const int l = lines_ - line_ - i * line_step_, d = depths - depth_ - i * depth_step_;
      const int room = l > 0 && d > 0 ? (by_line_ ? l : d) : 0;
      if constexpr (access == Access::packs) {
        Pack<T, kFour> v{};
        if (room > 0) v = load<kFour>(at);
#pragma unroll
        for (int j = 0; j < kFour; ++j) value_[i][j] = to_acc(v.value[j]);
      } else {
#pragma unroll
        for (int j = 0; j < kFour; ++j) value_[i][j] = j < room ? to_acc(at[j]) : 0.0f;
      }
    }
    at_ += advance_;
  }

  __device__ __forceinline__ void store(Tile& tile) const {
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      float* const at = &tile[tile_row(depth_ + i * depth_step_)][line_ + i * line_step_];
      Pack<float, kFour> v;
#pragma unroll
      for (int j = 0; j < kFour; ++j) v.value[j] = ptx::round_to_tf32(value_[i][j]);
      if (by_line_) {
        cuda::store(at, v);
      } else {
#pragma unroll
        for (int j = 0; j < kFour; ++j) at[j * (kDepth / kFour) * kLd] = v.value[j];
      }
    }
  }

 private:
  static constexpr int kCount = kTile * kDepth / kThreads / kFour;

  bool by_line_;
  int line_, depth_, line_step_, depth_step_;  // of the first four, in the tile
  int lines_;                                  // of the tile that exist
  const T* at_;
  int64_t step_, advance_;
  float value_[kCount][kFour] = {};
};

// Adds the products of a warp's 32 rows and 32 columns of the tiles.
__device__ __forceinline__ void multiply_tiles(const Tile& a, const Tile& b, int lane,
                                               float (&acc)[2][4][4]) {
  using F = Fragments<float>;
#pragma unroll
  for (int k = 0; k < kDepth; k += F::kDepth) {
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    uint32_t left[2][4], right[4][2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      F::load_a(left[i], &a[k][warp / 2 * 32 + i * 16] + F::offset_a(lane, kLd), kLd);
    }
    const int row = k + F::first_row(lane), column = warp % 2 * 32 + F::first_column<4>(lane);
    const float* const rows[F::kRows] = {&b[row][column], &b[row + F::kRowsApart][column]};
    F::load_b<4>(right, rows);
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) F::multiply(acc[i][j], left[i], right[j]);
    }
  }
}

// Four warps, each 32 x 32 of the block's 64 x 64 results.
template <typename TA, typename TB, Access access>
__global__ void __launch_bounds__(kThreads, 4)
    tensor_matmul_kernel(TensorOperand<TA> a, TensorOperand<TB> b, MatmulOutput<float> out,
                         int64_t depth, int64_t chunk) {
  ptx::follow_earlier_kernels();
  __shared__ TensorSmem smem;
  const int lane = static_cast<int>(threadIdx.x) % kWarp,
            warp = static_cast<int>(threadIdx.x) / kWarp;
  const int64_t begin = int64_t{blockIdx.z} * chunk, end = min(depth, begin + chunk);
  const int64_t row0 = int64_t{blockIdx.x} * kTile, column0 = int64_t{blockIdx.y} * kTile;
  TensorLoader<TA, access> load_a(a, row0, begin);
  TensorLoader<TB, access> load_b(b, column0, begin);
  float acc[2][4][4] = {};
  load_a.fetch(end - begin);
  load_b.fetch(end - begin);
  int stage = 0;
  for (int64_t d = begin; d < end; d += kDepth, stage ^= 1) {
    load_a.store(smem.a[stage]);
    load_b.store(smem.b[stage]);
    __syncthreads();  // the only one: the next stores go to the other stage
    load_a.fetch(end - d - kDepth);
    load_b.fetch(end - d - kDepth);
    multiply_tiles(smem.a[stage], smem.b[stage], lane, acc);
  }
#pragma unroll
  for (int e = 0; e < 32; ++e) {
    const int i = e / 16, j = e / 4 % 4, part = e % 4;
    const int64_t row =
        row0 + warp / 2 * 32 + i * 16 + Fragments<float>::channel_a(lane, part >> 1);
    const int64_t column = column0 + warp % 2 * 32 + j * 8 + (lane & 3) * 2 + (part & 1);
    if (row < out.rows && column < out.columns) {
      out.store(blockIdx.z, row, column, acc[i][j][part]);
    }
  }
}

// --- launchers ---

template <typename T>
TensorOperand<T> operand_of(const ConstTensorView& m, int64_t lines, int64_t depth,
                            Transpose by_line) {
  if (by_line == Transpose::yes) return {m.as<T>(), lines, 1, lines};
  return {m.as<T>(), lines, depth, 1};
}

// Whether rows of memory are whole fours at aligned addresses.
bool has_packs(const ConstTensorView& m) {
  const auto address = reinterpret_cast<uintptr_t>(m.data);
  return m.shape.c % kFour == 0 && address % static_cast<uintptr_t>(kFour * size_of(m.dtype)) == 0;
}

template <typename TA, typename TB>
void launch_tensor_matmul(Queue& queue, const MatmulArgs& args, const MatmulExtents& e,
                          const MatmulOutput<float>& out) {
  const Transpose b_by_line = args.trans_b == Transpose::yes ? Transpose::no : Transpose::yes;
  const auto a = operand_of<TA>(args.a, e.rows, e.depth, args.trans_a);
  const auto b = operand_of<TB>(args.b, e.columns, e.depth, b_by_line);
  const bool packs = has_packs(args.a) && has_packs(args.b);
  launch_chunks(queue, e, out, [&](dim3 grid, int64_t chunk, const MatmulOutput<float>& to) {
    const LaunchShape shape{.grid = grid, .block = dim3(kThreads)};
    launch(queue,
           packs ? tensor_matmul_kernel<TA, TB, Access::packs>
                 : tensor_matmul_kernel<TA, TB, Access::elements>,
           shape, a, b, to, e.depth, chunk);
  });
}

}  // namespace

void tensor_matmul(Queue& queue, const MatmulArgs& args, const MatmulExtents& e,
                   const MatmulOutput<float>& out) {
  const bool a = args.a.dtype == DType::bf16, b = args.b.dtype == DType::bf16;
  if (a && b) return launch_tensor_matmul<bf16, bf16>(queue, args, e, out);
  if (a) return launch_tensor_matmul<bf16, float>(queue, args, e, out);
  if (b) return launch_tensor_matmul<float, bf16>(queue, args, e, out);
  launch_tensor_matmul<float, float>(queue, args, e, out);
}

}  // namespace pg::cuda
