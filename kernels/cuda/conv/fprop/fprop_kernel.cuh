// fprop_kernel.cuh: the kernel of fprop.h, for one pattern and element type per source file.
//
// cp.async copies run kStages - 1 tiles ahead; their zero fill pads the image and the tails. A
// thread always copies the same column of packs, so it tracks (tap, channel) itself and keeps, for
// each of its rows, a bit mask of the taps inside the image. A pack never crosses a tap, since
// packed filters pad the input channels to whole packs.
#pragma once

#include "kernels/cuda/conv/fprop/fprop_epilogue.cuh"
#include "kernels/cuda/conv/fprop/fprop_params.h"

namespace pg::cuda {
namespace {

// --- kernels ---

template <TapPattern kPattern>
struct Taps {
  static constexpr int kWidth = kPattern == TapPattern::spread   ? 2
                                : kPattern == TapPattern::gather ? 4
                                                                 : 3;
  static constexpr int kStride = kPattern == TapPattern::gather ? 2 : 1;
  static constexpr int kPhases = kPattern == TapPattern::spread ? 4 : 1;
};

// The rows of input tiles copied by one thread.
template <typename T, typename Tile, TapPattern kPattern>
class InputRows {
 public:
  __device__ __forceinline__ InputRows(const FpropParams<T>& p, int first_row, int phase,
                                       int first_k)
      : p_(p), row_(static_cast<int>(threadIdx.x) / Tile::kPacks) {
    channel_ = static_cast<int>(threadIdx.x) % Tile::kPacks * kCount + first_k;
#pragma unroll
    for (int i = 0; i < kPasses; ++i) locate_row(i, first_row + row_ + i * kRowsPerPass, phase);
    carry_taps();
  }

  // Starts the copies of this step's packs.
  __device__ __forceinline__ void copy(T* tile) const {
    const int pack = static_cast<int>(threadIdx.x) % Tile::kPacks;
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      const bool inside = (inside_[i] >> tap_ & 1) != 0;
      const T* const from = p_.in + (inside ? offset_[i] + tap_offset_ + channel_ : 0);
      T* const to = tile_pack<Tile::kPacks>(tile, row_ + i * kRowsPerPass, pack);
      ptx::cp_async_16(to, from, inside ? 16 : 0);
    }
  }

  __device__ __forceinline__ void advance() {
    channel_ += Tile::kPacks * kCount;
    carry_taps();
  }

 private:
  static constexpr int kCount = kPack<T>;
  static constexpr int kRowsPerPass = Tile::kThreads / Tile::kPacks;
  static constexpr int kPasses = Tile::kRows / kRowsPerPass;
  static_assert(Tile::kRows % kRowsPerPass == 0);

  // Sets the offset of a row's first tap, and the taps inside the image.
  __device__ __forceinline__ void locate_row(int i, int row, int phase) {
    using Form = Taps<kPattern>;
    uint32_t sample_of = static_cast<uint32_t>(row);
    uint32_t y_of = p_.image.split(sample_of);
    const int x = static_cast<int>(p_.row.split(y_of));
    const int sample = static_cast<int>(sample_of), y = static_cast<int>(y_of);
    const int top = y * Form::kStride - p_.pad + phase / 2;
    const int left = x * Form::kStride - p_.pad + phase % 2;
    offset_[i] = ((sample * p_.height + top) * p_.width + left) * p_.channels;
    inside_[i] = 0;
    for (int tap = 0; tap < p_.taps; ++tap) {
      const int h = top + tap / Form::kWidth, w = left + tap % Form::kWidth;
      const bool inside = row < p_.rows && h >= 0 && h < p_.height && w >= 0 && w < p_.width;
      inside_[i] |= static_cast<uint32_t>(inside) << tap;
    }
  }

  // Moves whole taps from channel_ to tap_; beyond the last tap no bit of inside_ is set.
  __device__ __forceinline__ void carry_taps() {
    while (channel_ >= p_.padded) {
      channel_ -= p_.padded;
      ++tap_;
    }
    const int row = tap_ / Taps<kPattern>::kWidth, column = tap_ % Taps<kPattern>::kWidth;
    tap_offset_ = (row * p_.width + column) * p_.channels;
  }

  const FpropParams<T>& p_;
  int row_, channel_, tap_ = 0, tap_offset_ = 0;
  int offset_[kPasses];
  uint32_t inside_[kPasses];
};

// The rows (output channels) of filter tiles copied by one thread.
template <typename T, typename Tile>
class FilterRows {
 public:
  __device__ __forceinline__ FilterRows(const FpropParams<T>& p, int first_column, int phase,
                                        int first_k)
      : row_(static_cast<int>(threadIdx.x) / Tile::kPacks),
        rows_(p.epilogue.channels - first_column),
        depth_(p.depth),
        k_(static_cast<int>(threadIdx.x) % Tile::kPacks * kPack<T> + first_k),
        from_(p.filter +
              static_cast<int64_t>(phase * p.epilogue.channels + first_column) * p.depth) {}

  __device__ __forceinline__ void copy(T* tile) const {
    const int pack = static_cast<int>(threadIdx.x) % Tile::kPacks;
#pragma unroll
    for (int first = 0; first < Tile::kColumns; first += kRowsPerPass) {
      const int row = first + row_;
      if (Tile::kColumns % kRowsPerPass != 0 && row >= Tile::kColumns) break;
      const bool inside = row < rows_ && k_ < depth_;
      ptx::cp_async_16(tile_pack<Tile::kPacks>(tile, row, pack),
                       from_ + (inside ? row * depth_ + k_ : 0), inside ? 16 : 0);
    }
  }

  __device__ __forceinline__ void advance() { k_ += Tile::kPacks * kPack<T>; }

 private:
  static constexpr int kRowsPerPass = Tile::kThreads / Tile::kPacks;

  int row_, rows_, depth_, k_;
  const T* from_;
};

// Stores a block's part of the sums as they are. Four lanes have 8 neighbouring columns, which are
// the 32 bytes of a sector.
template <typename Warps, typename PixelOf>
__device__ __forceinline__ void write_parts(float* parts, int pitch,
                                            const float (&acc)[Warps::kM][Warps::kN][4],
                                            int first_column, PixelOf pixel_of) {
  const int lane = Warps::lane();
#pragma unroll
  for (int i = 0; i < Warps::kM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int64_t pixel = pixel_of(Warps::first_row() + 16 * i + 8 * half + lane / 4);
      if (pixel < 0) continue;
#pragma unroll
      for (int j = 0; j < Warps::kN; ++j) {
        const int column = first_column + Warps::first_column() + 8 * j + lane % 4 * 2;
        if (column >= pitch) continue;
        store(parts + pixel * pitch + column,
              Pack<float, 2>{acc[i][j][2 * half], acc[i][j][2 * half + 1]});
      }
    }
  }
}

template <typename T, typename Tile, TapPattern kPattern>
__global__ void __launch_bounds__(Tile::kThreads) fprop_kernel(const FpropParams<T> p) {
  using Warps = typename Tile::Warps;
  constexpr int kPhases = Taps<kPattern>::kPhases, kStep = Tile::kPacks * kPack<T>;
  constexpr int kInput = Tile::kRows * kStep, kStage = kInput + Tile::kColumns * kStep;
  T* const stages = dynamic_smem<T>();
  const int phase = static_cast<int>(blockIdx.x % kPhases);
  uint32_t tile_row = blockIdx.x / kPhases;
  const int first_column = static_cast<int>(p.tiles_across.split(tile_row)) * Tile::kColumns;
  const int first_row = static_cast<int>(tile_row) * Tile::kRows;

  const int first_k = static_cast<int>(blockIdx.y) * p.part_depth;
  InputRows<T, Tile, kPattern> input(p, first_row, phase, first_k);
  FilterRows<T, Tile> filter(p, first_column, phase, first_k);
  const int steps = (min(p.depth - first_k, p.part_depth) + kStep - 1) / kStep;
  int ahead = 0;  // steps whose copies have started
  const auto copy_next = [&] {
    if (ahead < steps) {
      T* const stage = stages + ahead % Tile::kStages * kStage;
      input.copy(stage);
      filter.copy(stage + kInput);
      input.advance();
      filter.advance();
    }
    ++ahead;
    ptx::cp_async_commit();
  };

  float acc[Warps::kM][Warps::kN][4] = {};
  for (int i = 0; i < Tile::kStages - 1; ++i) copy_next();
  for (int step = 0; step < steps; ++step) {
    ptx::cp_async_wait<Tile::kStages - 2>();
    __syncthreads();
    copy_next();
    const T* const stage = stages + step % Tile::kStages * kStage;
    multiply_tiles<T, Tile::kPacks>(acc, stage, Warps::first_row(), stage + kInput,
                                    Warps::first_column());
  }
  ptx::cp_async_wait<0>();
  __syncthreads();
  const auto pixel_of = [&](int tile_row_index) -> int64_t {
    const int row = first_row + tile_row_index;
    if (row >= p.rows) return -1;
    if constexpr (kPattern != TapPattern::spread) return row;
    uint32_t line = static_cast<uint32_t>(row);
    const int64_t column = p.row.split(line);
    return (int64_t{2} * line + phase / 2) * 2 * p.row.divisor() + 2 * column + phase % 2;
  };
  if (p.parts != nullptr) {
    const int pitch = (p.epilogue.channels + 7) / 8 * 8;
    return write_parts<Warps>(p.parts + blockIdx.y * p.part_size, pitch, acc, first_column,
                              pixel_of);
  }
  write_results<Warps>(p.epilogue, acc, reinterpret_cast<float*>(stages), first_column, pixel_of);
}

// --- launchers ---

template <typename T, typename Tile, TapPattern kPattern>
void launch_tile(const Queue& queue, FpropParams<T> p) {
  const int64_t across = ceil_div(p.epilogue.channels, Tile::kColumns);
  const int64_t blocks = ceil_div(p.rows, Tile::kRows) * across * Taps<kPattern>::kPhases;
  p.tiles_across = Divider(across);
  const int64_t parts = ceil_div(p.depth, p.part_depth);
  launch(queue, fprop_kernel<T, Tile, kPattern>,
         {.grid = dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(parts)),
          .block = dim3(Tile::kThreads),
          .smem = Tile::kSharedBytes},
         p);
}

}  // namespace

template <typename T, TapPattern kPattern>
void launch_fprop(const Queue& queue, const FpropParams<T>& params, int candidate) {
  for_each_tile([&]<typename Tile>(int index, const Tile&) {
    if (index == candidate) launch_tile<T, Tile, kPattern>(queue, params);
  });
}

}  // namespace pg::cuda
