// fprop_kernel.cuh: the kernel of fprop.h, for one pattern and element type per source file.
//
// The taps of one line of the filter read the same pixels, shifted by one: a unit, the pixels of a
// tile with kStep channels of one line, is copied once for all of them, with one pixel more at each
// end. Units follow each other channels first, then lines. A lane reads zeros instead of a shifted
// pixel that lies in another line of the image. gather has two planes, the odd and the even
// columns.
//
// The thread that has copied a pack of f32 pixels also rounds it to tf32, before the barrier behind
// which the unit is read for the first time. Until then others read the unit before it.
//
// Copies run kStages - 1 steps (a unit and a tap) ahead; their zero fill pads the image and the
// tails. A pack never crosses a tap, since packed filters pad the input channels to whole packs.
#pragma once

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/fprop/fprop_copies.cuh"
#include "kernels/cuda/conv/fprop/fprop_params.h"
#include "kernels/cuda/conv/fprop/fprop_pixels.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

// The rows of a warp's fragments in a unit, which lie one pixel further for each shift.
template <typename T, typename Tile>
class ShiftedRows {
 public:
  __device__ __forceinline__ ShiftedRows(const FpropParams<T>& p, int first_row) {
    using Warps = typename Tile::Warps;
    const int row = Warps::first_row();
#pragma unroll
    for (int shift = 0; shift < 3; ++shift) {
      at_[shift] = static_cast<uint32_t>(offset_a<T, Tile::kPacks>(row + shift)) * sizeof(T);
    }
#pragma unroll
    for (int i = 0; i < Warps::kM; ++i) {
      uint32_t line =
          static_cast<uint32_t>(first_row + row + 16 * i + static_cast<int>(threadIdx.x) % 16);
      const uint32_t x = p.row.split(line);
      ends_ |= static_cast<uint32_t>(x == 0) << i;
      ends_ |= static_cast<uint32_t>(x + 1 == p.row.divisor()) << (16 + i);
    }
  }

  // Offset of fragment 0's row for a shift, in bytes.
  __device__ __forceinline__ uint32_t at(int shift) const {
    return shift == 0 ? at_[0] : shift == 1 ? at_[1] : at_[2];
  }
  // A bit for each fragment whose pixel of this lane lies outside the image.
  __device__ __forceinline__ uint32_t outside(int shift) const {
    return shift == 0 ? ends_ & 0xffff : shift == 1 ? 0 : ends_ >> 16;
  }

 private:
  uint32_t at_[3];
  uint32_t ends_ = 0;
};

// acc += A * B^T for a warp and a tap, with rows at at_a and columns at at_b, in bytes from
// `tiles`. Instead of a row that lies outside, zeros are read: if there are several, as far from
// `zeros` as the row is from at_a, so that the distance is part of the instruction. Calls
// copy_next() once the first fragments are on their way.
template <typename T, typename Tile, int kM, int kN, typename CopyNext>
__device__ __forceinline__ void multiply_shifted(float (&acc)[kM][kN][4], const T* tiles,
                                                 uint32_t at_a, uint32_t outside, uint32_t zeros,
                                                 uint32_t at_b, CopyNext copy_next) {
  constexpr uint32_t kSkip = 16 * Tile::kRowBytes;  // from fragment to fragment
  const auto from = [&](uint32_t bytes, int fragment) {
    return reinterpret_cast<const T*>(reinterpret_cast<const char*>(tiles) + bytes +
                                      static_cast<uint32_t>(fragment) * kSkip);
  };
  const auto row_or_zeros = [&](uint32_t row, int fragment) {
    const bool inside = (outside & 1u << fragment) == 0;
    if (Tile::kZeroPacks == 1) return inside ? from(row, fragment) : from(zeros, 0);
    return from(inside ? row : zeros, fragment);
  };
#pragma unroll
  for (int step = 0; step < Tile::kPacks / 2; ++step) {
    const uint32_t packs = 32 * static_cast<uint32_t>(step);
    uint32_t fa[kM][4], fb[kN / 2][4];
#pragma unroll
    for (int i = 0; i < kM; ++i) {
      ptx::ldmatrix_x4(fa[i], row_or_zeros(at_a ^ packs, i));
    }
#pragma unroll
    for (int j = 0; j < kN / 2; ++j) ptx::ldmatrix_x4(fb[j], from(at_b ^ packs, j));
    if (step == 0) copy_next();
    multiply_fragments<T>(acc, fa, fb);
  }
}

// acc += the block's units. across: taps of a line. The copies of a step (a unit and a tap) start
// kStages - 1 steps before its product.
template <int across, typename T, typename Tile, TapPattern kPattern, int kM, int kN>
__device__ __forceinline__ void sum_units(const FpropParams<T>& p, float (&acc)[kM][kN][4],
                                          T* units, int first_row, int first_column, int phase) {
  using Form = Taps<kPattern>;
  constexpr int kStep = Tile::kPacks * kPack<T>, kPlane = Tile::template kPlane<T>;
  constexpr int kUnit = Form::kPlanes * kPlane, kFilter = Tile::kColumns * kStep;
  constexpr uint32_t kUnits = Tile::kPlanes / Form::kPlanes, kStages = Tile::kStages;
  constexpr int kAhead = Tile::kStages - 1;
  constexpr uint32_t kSize = sizeof(T);
  T* const filters = units + Tile::kPlanes * kPlane;
  const InputRows<T, Tile, kPattern> input(p, first_row, phase);
  const FilterRows<T, Tile> filter(p, first_column, phase);
  const ShiftedRows<T, Tile> rows(p, first_row);
  const int first_unit = static_cast<int>(blockIdx.y) * p.part_units;
  const auto count = static_cast<uint32_t>(min(p.units - first_unit, p.part_units));

  const uint32_t at_b =
      static_cast<uint32_t>(Tile::kPlanes * kPlane +
                            offset_b<T, Tile::kPacks>(Tile::Warps::first_column())) *
      kSize;

  const uint32_t zeros = Tile::kZeroPacks == 1 ? Tile::kZeros : ptx::unknown(Tile::kZeros);

  UnitPlace<kStep> next(p, first_unit);
  uint32_t unit = 0, stage = 0;  // of the copies, counted on and on
  const auto copy_next = [&](int tap) {
    if (unit < count) {
      if (tap == 0) input.copy(next, units + unit % kUnits * kUnit);
      filter.template copy<across>(next, tap, filters + stage % kStages * kFilter);
      if (tap == across - 1) next.advance(p);
    }
    if (tap == across - 1) ++unit;
    ++stage;
    ptx::cp_async_commit();
  };
#pragma unroll
  for (int i = 0; i < kAhead; ++i) copy_next(i % across);
  for (uint32_t now = 0; now < count; ++now) {
#pragma unroll
    for (int tap = 0; tap < across; ++tap) {
      ptx::cp_async_wait<Tile::kStages - 2>();
      if (tap == 0) input.round(units + now % kUnits * kUnit);
      __syncthreads();
      const int shift = Form::template shift<across>(tap, phase);
      const uint32_t plane = now % kUnits * kUnit + Form::plane(tap) * kPlane;
      const uint32_t tile = (stage - kAhead) % kStages * kFilter;
      multiply_shifted<T, Tile>(acc, units, plane * kSize + rows.at(shift), rows.outside(shift),
                                zeros, at_b + tile * kSize,
                                [&] { copy_next((tap + kAhead) % across); });
    }
  }
  ptx::cp_async_wait<0>();
  __syncthreads();
}

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

// A lane's pixels of a tile.
template <typename PixelOf>
struct TilePixels {
  int first_row;
  const PixelOf& pixel_of;

  __device__ __forceinline__ bool has(int row) const { return index(row) >= 0; }
  __device__ __forceinline__ int64_t index(int row) const { return pixel_of(first_row + row); }
};
template <typename PixelOf>
TilePixels(int, const PixelOf&) -> TilePixels<PixelOf>;

template <typename T, typename Tile, TapPattern kPattern>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    fprop_kernel(const FpropParams<T> p) {
  ptx::follow_earlier_kernels();
  using Warps = typename Tile::Warps;
  using Form = Taps<kPattern>;
  T* const units = dynamic_smem<T>();
  const int phase = static_cast<int>(blockIdx.x % Form::kPhases);
  uint32_t tile_row = blockIdx.x / Form::kPhases;
  const int first_column = static_cast<int>(p.tiles_across.split(tile_row)) * Tile::kColumns;
  const int first_row = static_cast<int>(tile_row) * Tile::kRows;
  if (threadIdx.x < Tile::kZeroPacks) {  // multiply_shifted()
    const uint32_t at = Tile::kZeros + threadIdx.x * 16 * Tile::kRowBytes;
    store(units + at / sizeof(T), Pack<T, kPack<T>>{});
  }

  float acc[Warps::kM][Warps::kN][4] = {};
  if (kPattern == TapPattern::plain && p.across == 1) {
    sum_units<1, T, Tile, kPattern>(p, acc, units, first_row, first_column, phase);
  } else {
    sum_units<Form::kAcross, T, Tile, kPattern>(p, acc, units, first_row, first_column, phase);
  }
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
  if constexpr (Tile::kWritesPixels) {
    const TilePixels pixels{Warps::first_row() + Warps::lane() / 4, pixel_of};
    if (write_form<Warps>(p.form, p.epilogue, acc, p.epilogue.channels, first_column, pixels)) {
      return;
    }
  }
  write_results<Warps>(p.epilogue, acc, reinterpret_cast<float*>(units), first_column, pixel_of);
}

// --- launchers ---

template <typename T, typename Tile, TapPattern kPattern>
void launch_tile(const Queue& queue, FpropParams<T> p) {
  const int64_t across = ceil_div(p.epilogue.channels, Tile::kColumns);
  const int64_t blocks = ceil_div(p.rows, Tile::kRows) * across * Taps<kPattern>::kPhases;
  p.tiles_across = Divider(across);
  if constexpr (Tile::kWritesPixels) p.form = form_of<typename Tile::Warps>(p.epilogue);
  const int64_t parts = ceil_div(p.units, p.part_units);
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
