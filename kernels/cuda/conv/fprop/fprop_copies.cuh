// fprop_copies.cuh: what a block of fprop_kernel.cuh copies to shared memory: the pixels of units,
// and filter tiles of one tap.
#pragma once

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/round_pack.cuh"
#include "kernels/cuda/conv/fprop/fprop_params.h"

namespace pg::cuda {
namespace {

template <TapPattern kPattern>
struct Taps {
  static constexpr bool kGather = kPattern == TapPattern::gather;
  static constexpr int kStride = kGather ? 2 : 1, kPlanes = kGather ? 2 : 1;
  static constexpr int kPhases = kPattern == TapPattern::spread ? 4 : 1;
  // Taps of a line of a 3x3 filter in this pattern.
  static constexpr int kAcross = kGather ? 4 : kPattern == TapPattern::spread ? 2 : 3;

  // A tap reads row r + shift() of its plane for row r of the tile: 0 is the pixel to the left, 1
  // the pixel itself, 2 the one to the right (of the low-resolution image).
  template <int across>
  __device__ static constexpr int shift(int tap, int phase) {
    if (kGather) return (tap + 1) / 2;
    return across == 1 ? 1 : tap + phase % 2;
  }
  __device__ static constexpr int plane(int tap) { return kGather ? tap % 2 : 0; }
};

// The place of a unit in the sum: a line of the filter and the first of kStep channels.
template <int kStep>
class UnitPlace {
 public:
  template <typename T>
  __device__ __forceinline__ UnitPlace(const FpropParams<T>& p, int unit)
      : line_(unit / p.units_across), channel_(unit % p.units_across * kStep) {}

  template <typename T>
  __device__ __forceinline__ void advance(const FpropParams<T>& p) {
    channel_ += kStep;
    if (channel_ < p.padded) return;
    channel_ = 0;
    ++line_;
  }

  __device__ int line() const { return line_; }
  __device__ int channel() const { return channel_; }

 private:
  int line_, channel_;
};

// The pixels of units copied by one thread. Row j of a plane is pixel first_row - 1 + j.
template <typename T, typename Tile, TapPattern kPattern>
class InputRows {
 public:
  __device__ __forceinline__ InputRows(const FpropParams<T>& p, int first_row, int phase)
      : p_(p), to_(swizzled<Tile::kPacks>(row(), pack()) * kPack<T>) {
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      locate_row(i, first_row - 1 + row() + i * kRowsPerPass, phase);
    }
  }

  // Starts the copies of a unit. Addresses outside of the image are not read.
  template <typename Place>
  __device__ __forceinline__ void copy(const Place& place, T* unit) const {
    const int channel = place.channel() + pack() * kPack<T>;
    const int offset = place.line() * p_.width * p_.channels + channel;
    const uint32_t inside = channel < p_.channels ? inside_ >> place.line() : 0u;
    for_each_pack(unit, [&](int i, int plane, T* to) {
      const int valid = (inside & 1u << kMostLines * i) != 0 ? 16 : 0;
      const int column = Form::kGather && plane == 0 ? p_.channels : 0;
      ptx::cp_async_16(to, p_.in + (offset_[i] + offset + column), valid);
    });
  }

  // Rounds what this thread's copies of a unit have brought.
  __device__ __forceinline__ void round(T* unit) const {
    for_each_pack(unit, [](int, int, T* at) { round_pack(at); });
  }

 private:
  using Form = Taps<kPattern>;
  static constexpr int kRowsPerPass = Tile::kThreads / Tile::kPacks;
  static constexpr int kPasses = (Tile::kRows + 2 + kRowsPerPass - 1) / kRowsPerPass;
  static constexpr int kMostLines = 4;
  static_assert(kPasses * kMostLines <= 32 && kRowsPerPass % 8 == 0);

  __device__ static int row() { return static_cast<int>(threadIdx.x) / Tile::kPacks; }
  __device__ static int pack() { return static_cast<int>(threadIdx.x) % Tile::kPacks; }

  // Calls f(pass, plane, place in the unit) for each pack of this thread.
  template <typename F>
  __device__ __forceinline__ void for_each_pack(T* unit, F f) const {
#pragma unroll
    for (int i = 0; i < kPasses; ++i) {
      if (i == kPasses - 1 && row() + i * kRowsPerPass >= Tile::kRows + 2) break;
#pragma unroll
      for (int plane = 0; plane < Form::kPlanes; ++plane) {
        f(i, plane,
          unit + plane * Tile::template kPlane<T> + to_ +
              rows_ahead<T, Tile::kPacks>(i * kRowsPerPass));
      }
    }
  }

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
  int to_;  // of the first row in a unit
  int offset_[kPasses];
  uint32_t inside_ = 0;
};

// The rows (output channels) of filter tiles copied by one thread.
template <typename T, typename Tile>
class FilterRows {
 public:
  __device__ __forceinline__ FilterRows(const FpropParams<T>& p, int first_column, int phase)
      : p_(p),
        to_(swizzled<Tile::kPacks>(row(), pack()) * kPack<T>),
        rows_(p.epilogue.channels - first_column - row()),
        first_((phase * p.epilogue.channels + first_column + row()) * p.depth + pack() * kPack<T>) {
  }

  // Starts the copies of a tap of a unit. Rows beyond the last channel are not read.
  template <int across, typename Place>
  __device__ __forceinline__ void copy(const Place& place, int tap, T* tile) const {
    const int offset = first_ + (place.line() * across + tap) * p_.padded + place.channel();
    const int rows = place.channel() + pack() * kPack<T> < p_.padded ? rows_ : 0;
#pragma unroll
    for (int first = 0; first < Tile::kColumns; first += kRowsPerPass) {
      if (Tile::kColumns % kRowsPerPass != 0 && first + row() >= Tile::kColumns) break;
      ptx::cp_async_16(tile + to_ + rows_ahead<T, Tile::kPacks>(first),
                       p_.filter + (offset + first * p_.depth), first < rows ? 16 : 0);
    }
  }

 private:
  static constexpr int kRowsPerPass = Tile::kThreads / Tile::kPacks;
  static_assert(kRowsPerPass % 8 == 0);

  __device__ static int row() { return static_cast<int>(threadIdx.x) / Tile::kPacks; }
  __device__ static int pack() { return static_cast<int>(threadIdx.x) % Tile::kPacks; }

  const FpropParams<T>& p_;
  int to_;    // of the first row in a tile
  int rows_;  // that exist from the first one on
  int first_;
};

}  // namespace
}  // namespace pg::cuda
