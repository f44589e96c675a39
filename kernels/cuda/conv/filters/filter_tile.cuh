// filter_tile.cuh: a tile of filters in shared memory, and the packed filters written from it.
//
// A tile has all taps of 32 x 32 (output, input) pairs. It is filled along the fastest index of w
// and written along that of the packed filter; shared memory transposes. Packing on demand and Adam
// both use this code, so their copies have the same bits.
#pragma once

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/filters/packed_filters.h"

namespace pg::cuda {

inline constexpr int kTileThreads = 256, kMostTaps = 9;

using FilterTile =
    float[kMostTaps][kFilterTile][kFilterTile + 1];  // [tap][k][c], 0 beyond the filter

// The position of a tile in its filter [k, side, side, c].
struct TilePosition {
  int k, c, side, first_k, first_c;
};

// Whether packed row (or column) `tap` of a phase sums row (or column) `source` of the filter.
template <TapPattern pattern>
__device__ constexpr bool sums(int phase, int tap, int source) {
  if (pattern == TapPattern::plain) return source == tap;
  if (pattern == TapPattern::gather) return source == tap - 1 || source == tap;
  return (source <= phase) == (tap == 0);
}

// Packed tap `tap` of a phase. Called only with constants, so w stays in registers.
template <TapPattern pattern, int side, int width>
__device__ __forceinline__ float folded(const float (&w)[side * side], int phase, int tap) {
  float sum = 0.0f;
#pragma unroll
  for (int r = 0; r < side; ++r) {
#pragma unroll
    for (int s = 0; s < side; ++s) {
      const bool inside =
          sums<pattern>(phase / 2, tap / width, r) && sums<pattern>(phase % 2, tap % width, s);
      if (inside) sum += w[r * side + s];
    }
  }
  return sum;
}

template <typename T>
__device__ __forceinline__ T rounded(float x) {
  if constexpr (sizeof(T) == 2) {
    return from_acc<T>(x);
  } else {
    return ptx::round_to_tf32(x);
  }
}

template <TapPattern pattern, int side, typename T>
__device__ __forceinline__ void write_packed(const FilterTile& tile, const TilePosition& at,
                                             FilterUse use, T* out) {
  constexpr int kPhases = pattern == TapPattern::spread ? 4 : 1;
  constexpr int kWidth = pattern == TapPattern::spread   ? 2
                         : pattern == TapPattern::gather ? 4
                                                         : side;
  constexpr int kTaps = kWidth * kWidth;
  const bool forward = use == FilterUse::forward;
  const int outputs = forward ? at.k : at.c, inputs = forward ? at.c : at.k;
  const int padded = (inputs + kPack<T> - 1) / kPack<T> * kPack<T>;
  const int lane = static_cast<int>(threadIdx.x) % kFilterTile;
  const int input = (forward ? at.first_c : at.first_k) + lane;
  for (int row = static_cast<int>(threadIdx.x) / kFilterTile; row < kFilterTile;
       row += kTileThreads / kFilterTile) {
    const int output = (forward ? at.first_k : at.first_c) + row;
    if (output >= outputs || input >= padded) continue;
    float w[side * side];
#pragma unroll
    for (int t = 0; t < side * side; ++t) {
      w[t] = forward ? tile[t][row][lane] : tile[side * side - 1 - t][lane][row];
    }
#pragma unroll
    for (int phase = 0; phase < kPhases; ++phase) {
      T* const to = out + (static_cast<int64_t>(phase) * outputs + output) * kTaps * padded + input;
#pragma unroll
      for (int tap = 0; tap < kTaps; ++tap) {
        to[static_cast<int64_t>(tap) * padded] =
            rounded<T>(folded<pattern, side, kWidth>(w, phase, tap));
      }
    }
  }
}

template <typename T>
__device__ __forceinline__ void write_packed(const FilterTile& tile, const TilePosition& at,
                                             const PackedCopy& copy) {
  T* const out = static_cast<T*>(copy.data);
  if (at.side == 1) return write_packed<TapPattern::plain, 1>(tile, at, copy.use, out);
  if (copy.pattern == TapPattern::plain) {
    write_packed<TapPattern::plain, 3>(tile, at, copy.use, out);
  } else if (copy.pattern == TapPattern::spread) {
    write_packed<TapPattern::spread, 3>(tile, at, copy.use, out);
  } else {
    write_packed<TapPattern::gather, 3>(tile, at, copy.use, out);
  }
}

// Writes the tile's part of a packed filter, with all kTileThreads threads of a block; the tile
// must be complete. Tiles cover the padding too: it is shorter than a tile, and each tile starts
// with a real input.
__device__ __forceinline__ void write_packed(const FilterTile& tile, const TilePosition& at,
                                             const PackedCopy& copy) {
  if (copy.dtype == DType::bf16) {
    write_packed<bf16>(tile, at, copy);
  } else {
    write_packed<float>(tile, at, copy);
  }
}

}  // namespace pg::cuda
