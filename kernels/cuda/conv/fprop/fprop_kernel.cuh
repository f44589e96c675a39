// fprop_kernel.cuh: the kernel of fprop.h, for one pattern and element type per source file.
//
// The taps of one line of the filter read the same pixels, shifted by one: a unit, the pixels of a
// tile with kStep channels of one line, is copied once for all of them, with one pixel more at each
// end. Units follow each other channels first, then lines. A lane reads zeros instead of a shifted
// pixel that lies in another line of the image. gather has two planes, the odd and the even
// columns.
//
// Copies run kStages - 1 steps (a unit and a tap) ahead; their zero fill pads the image and the
// tails. A pack never crosses a tap, since packed filters pad the input channels to whole packs.
#pragma once

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/fprop/fprop_epilogue.cuh"
#include "kernels/cuda/conv/fprop/fprop_params.h"

namespace pg::cuda {
namespace {

// --- kernels ---

template <TapPattern kPattern>
struct Taps {
  static constexpr bool kGather = kPattern == TapPattern::gather;
  static constexpr int kStride = kGather ? 2 : 1, kPlanes = kGather ? 2 : 1;
  static constexpr int kPhases = kPattern == TapPattern::spread ? 4 : 1;

  // A tap reads row r + shift() of its plane for row r of the tile: 0 is the pixel to the left, 1
  // the pixel itself, 2 the one to the right (of the low-resolution image).
  __device__ static int shift(int tap, int across, int phase) {
    if (kGather) return (tap + 1) / 2;
    return across == 1 ? 1 : tap + phase % 2;
  }
  __device__ static int plane(int tap) { return kGather ? tap % 2 : 0; }
};

// A step of a block's sum: a tap of a unit.
template <int kStep, int kUnits>
class FpropStep {
 public:
  // The first step of a block's part.
  template <typename T>
  __device__ __forceinline__ FpropStep(const FpropParams<T>& p, int first_unit)
      : line_(first_unit / p.units_across), channel_(first_unit % p.units_across * kStep) {}

  template <typename T>
  __device__ __forceinline__ void advance(const FpropParams<T>& p) {
    if (++tap_ < p.across) return;
    tap_ = 0;
    unit_ = (unit_ + 1) % kUnits;
    channel_ += kStep;
    if (channel_ < p.padded) return;
    channel_ = 0;
    ++line_;
  }

  __device__ int tap() const { return tap_; }  // of the line
  __device__ int line() const { return line_; }
  __device__ int channel() const { return channel_; }
  __device__ int unit() const { return unit_; }  // in shared memory

 private:
  int line_, channel_, tap_ = 0, unit_ = 0;
};

// The pixels of units copied by one thread. Row j of a plane is pixel first_row - 1 + j.
template <typename T, typename Tile, TapPattern kPattern>
class InputRows {
 public:
  __device__ __forceinline__ InputRows(const FpropParams<T>& p, int first_row, int phase) : p_(p) {
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      locate_row(i, first_row - 1 + row() + i * kRowsPerPass, phase);
    }
  }

  // Starts the copies of a unit.
  template <typename Step>
  __device__ __forceinline__ void copy(const Step& step, T* unit) const {
    const int pack = static_cast<int>(threadIdx.x) % Tile::kPacks;
    const int channel = step.channel() + pack * kPack<T>;
    const int offset = step.line() * p_.width * p_.channels + channel;
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      const int to_row = row() + i * kRowsPerPass;
      if (i == kPasses - 1 && to_row >= Tile::kRows + 2) break;
      const bool inside =
          (inside_ >> (kMostLines * i + step.line()) & 1) != 0 && channel < p_.channels;
#pragma unroll
      for (int plane = 0; plane < Form::kPlanes; ++plane) {
        const int column = Form::kGather && plane == 0 ? p_.channels : 0;
        ptx::cp_async_16(
            tile_pack<Tile::kPacks>(unit + plane * Tile::template kPlane<T>, to_row, pack),
            p_.in + (inside ? offset_[i] + offset + column : 0), inside ? 16 : 0);
      }
    }
  }

 private:
  using Form = Taps<kPattern>;
  static constexpr int kRowsPerPass = Tile::kThreads / Tile::kPacks;
  static constexpr int kPasses = (Tile::kRows + 2 + kRowsPerPass - 1) / kRowsPerPass;
  static constexpr int kMostLines = 4;
  static_assert(kPasses * kMostLines <= 32);

  __device__ static int row() { return static_cast<int>(threadIdx.x) / Tile::kPacks; }

  // Sets the offset of the pixel for line 0, and the lines inside the image.
  __device__ __forceinline__ void locate_row(int i, int row, int phase) {
    const bool exists = row >= 0 && row < p_.rows;
    uint32_t sample_of = static_cast<uint32_t>(exists ? row : 0);
    uint32_t y_of = p_.image.split(sample_of);
    const int x = static_cast<int>(p_.row.split(y_of));
    const int sample = static_cast<int>(sample_of), y = static_cast<int>(y_of);
    const int top = y * Form::kStride - p_.pad + phase / 2;
    offset_[i] = ((sample * p_.height + top) * p_.width + x * Form::kStride) * p_.channels;
#pragma unroll
    for (int line = 0; line < kMostLines; ++line) {
      const bool inside = exists && top + line >= 0 && top + line < p_.height;
      inside_ |= static_cast<uint32_t>(inside) << (kMostLines * i + line);
    }
  }

  const FpropParams<T>& p_;
  int offset_[kPasses];
  uint32_t inside_ = 0;
};

// The rows (output channels) of filter tiles copied by one thread.
template <typename T, typename Tile>
class FilterRows {
 public:
  __device__ __forceinline__ FilterRows(const FpropParams<T>& p, int first_column, int phase)
      : p_(p),
        rows_(p.epilogue.channels - first_column),
        from_(p.filter +
              static_cast<int64_t>(phase * p.epilogue.channels + first_column) * p.depth) {}

  template <typename Step>
  __device__ __forceinline__ void copy(const Step& step, T* tile) const {
    const int pack = static_cast<int>(threadIdx.x) % Tile::kPacks;
    const int channel = step.channel() + pack * kPack<T>;
    const int offset = (step.line() * p_.across + step.tap()) * p_.padded + channel;
#pragma unroll
    for (int first = 0; first < Tile::kColumns; first += kRowsPerPass) {
      const int row = first + static_cast<int>(threadIdx.x) / Tile::kPacks;
      if (Tile::kColumns % kRowsPerPass != 0 && row >= Tile::kColumns) break;
      const bool inside = row < rows_ && channel < p_.padded;
      ptx::cp_async_16(tile_pack<Tile::kPacks>(tile, row, pack),
                       from_ + (inside ? row * p_.depth + offset : 0), inside ? 16 : 0);
    }
  }

 private:
  static constexpr int kRowsPerPass = Tile::kThreads / Tile::kPacks;

  const FpropParams<T>& p_;
  int rows_;
  const T* from_;
};

// The rows of a warp's fragments in a unit, which lie one pixel further for each shift.
template <typename T, typename Tile>
class ShiftedRows {
 public:
  __device__ __forceinline__ ShiftedRows(const FpropParams<T>& p, int first_row) {
    using Warps = typename Tile::Warps;
    const int row = Warps::first_row();
#pragma unroll
    for (int shift = 0; shift < 3; ++shift) {
      at_[shift] = offset_a<T, Tile::kPacks>(row + shift);
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

  // Offset of fragment 0's row for a shift.
  __device__ __forceinline__ int at(int shift) const {
    return shift == 0 ? at_[0] : shift == 1 ? at_[1] : at_[2];
  }
  // A bit for each fragment whose pixel of this lane lies outside the image.
  __device__ __forceinline__ uint32_t outside(int shift) const {
    return shift == 0 ? ends_ & 0xffff : shift == 1 ? 0 : ends_ >> 16;
  }

 private:
  int at_[3];
  uint32_t ends_ = 0;
};

// As multiply_tiles, for rows at at_a of `units`, or at kZeros where they lie outside.
template <typename T, typename Tile, int kZeros, int kM, int kN>
__device__ __forceinline__ void multiply_shifted(float (&acc)[kM][kN][4], const T* units, int at_a,
                                                 uint32_t outside, const T* b) {
  constexpr int kPacks = Tile::kPacks;
  const int at_b = offset_b<T, kPacks>(Tile::Warps::first_column());
#pragma unroll
  for (int step = 0; step < kPacks / 2; ++step) {
    uint32_t fa[kM][4], fb[kN / 2][4];
#pragma unroll
    for (int i = 0; i < kM; ++i) {
      const int row = at_step<T>(at_a, step) + rows_ahead<T, kPacks>(16 * i);
      ptx::ldmatrix_x4(fa[i], units + ((outside >> i & 1) != 0 ? kZeros : row));
      round_fragment<T>(fa[i]);
    }
#pragma unroll
    for (int j = 0; j < kN / 2; ++j) {
      ptx::ldmatrix_x4(fb[j], b + at_step<T>(at_b, step) + rows_ahead<T, kPacks>(16 * j));
    }
    multiply_fragments<T>(acc, fa, fb);
  }
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

template <typename T, typename Tile, TapPattern kPattern>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    fprop_kernel(const FpropParams<T> p) {
  ptx::follow_earlier_kernels();
  using Warps = typename Tile::Warps;
  using Form = Taps<kPattern>;
  constexpr int kStep = Tile::kPacks * kPack<T>, kPlane = Tile::template kPlane<T>;
  constexpr int kUnits = Tile::kPlanes / Form::kPlanes, kFilter = Tile::kColumns * kStep;
  T* const units = dynamic_smem<T>();
  T* const filters = units + Tile::kPlanes * kPlane;
  constexpr int kZeros = Tile::kPlanes * kPlane + Tile::kStages * kFilter;
  const int phase = static_cast<int>(blockIdx.x % Form::kPhases);
  uint32_t tile_row = blockIdx.x / Form::kPhases;
  const int first_column = static_cast<int>(p.tiles_across.split(tile_row)) * Tile::kColumns;
  const int first_row = static_cast<int>(tile_row) * Tile::kRows;
  if (threadIdx.x < Tile::kPacks)
    store(units + kZeros + threadIdx.x * kPack<T>, Pack<T, kPack<T>>{});

  const InputRows<T, Tile, kPattern> input(p, first_row, phase);
  const FilterRows<T, Tile> filter(p, first_column, phase);
  const ShiftedRows<T, Tile> rows(p, first_row);
  const int first_unit = static_cast<int>(blockIdx.y) * p.part_units;
  const int steps = min(p.units - first_unit, p.part_units) * p.across;
  FpropStep<kStep, kUnits> next(p, first_unit), now = next;
  int ahead = 0;  // steps whose copies have started
  const auto copy_next = [&] {
    if (ahead < steps) {
      if (next.tap() == 0) input.copy(next, units + next.unit() * Form::kPlanes * kPlane);
      filter.copy(next, filters + ahead % Tile::kStages * kFilter);
      next.advance(p);
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
    const int shift = Form::shift(now.tap(), p.across, phase);
    const int plane = now.unit() * Form::kPlanes + Form::plane(now.tap());
    multiply_shifted<T, Tile, kZeros>(acc, units, plane * kPlane + rows.at(shift),
                                      rows.outside(shift),
                                      filters + step % Tile::kStages * kFilter);
    now.advance(p);
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
  write_results<Warps>(p.epilogue, acc, reinterpret_cast<float*>(units), first_column, pixel_of);
}

// --- launchers ---

template <typename T, typename Tile, TapPattern kPattern>
void launch_tile(const Queue& queue, FpropParams<T> p) {
  const int64_t across = ceil_div(p.epilogue.channels, Tile::kColumns);
  const int64_t blocks = ceil_div(p.rows, Tile::kRows) * across * Taps<kPattern>::kPhases;
  p.tiles_across = Divider(across);
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
