// fprop_params.h: the parameters of the kernels (fprop_*.cu), filled in by fprop.cu, and their
// tiles.
#pragma once

#include <iterator>
#include <tuple>

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/conv/filters/packed_filters.h"
#include "kernels/cuda/conv/fprop/fprop_pixels.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {

// One launch: each tensor has fewer than 2^31 elements, so indices are 32-bit.
template <typename T>
struct FpropParams {
  const T* in;  // [samples, height, width, channels]
  int height, width, channels;
  const T* filter;          // PackedFilter of [phase][output][tap][padded]
  int padded, depth;        // depth = taps * padded
  int across;               // taps of a line of the filter
  int units_across, units;  // of one line (kStep channels each), of all
  int part_units;           // of a block
  int pad;                  // of pattern plain; 1 otherwise
  int rows;                 // pixels of the low-resolution image, all samples
  Divider image, row;       // pixels of one sample of it, its width
  Divider tiles_across;     // tiles along the output channels
  float* parts;             // null if a block has all units, else as FpropParts
  int64_t part_size;
  EpilogueForm form;  // of the epilogue by the launched tile
  FpropEpilogue<T> epilogue;
};

// kRows x kColumns results by kWarpsM x kWarpsN warps, in steps of kPacks packs, whose order all
// tiles share. kStages filter tiles and kPlanes planes of pixels are in shared memory. kSpeed:
// estimated relative rate of a busy processor, to choose a tile.
template <int kRowsValue, int kColumnsValue, int kWarpsM, int kWarpsN, int kBlocksValue, int kSpeed>
struct FpropTile {
  static constexpr int kRows = kRowsValue, kColumns = kColumnsValue;
  static constexpr int kPacks = 4, kStages = 4, kPlanes = 4;
  static constexpr int kBlocks = kBlocksValue;  // at once on a processor, which limits registers
  // Elements of a plane: two pixels more than rows, rounded up so that the swizzle repeats.
  template <typename T>
  static constexpr int kPlane = (kRows + 8) * kPacks* kPack<T>;
  static constexpr int kThreads = kWarpsM * kWarpsN * kWarp;
  static constexpr double kRelativeSpeed = kSpeed / 100.0;
  using Warps = WarpGrid<kWarpsM, kWarpsN, kRows / kWarpsM / 16, kColumns / kWarpsN / 8>;
  // Wider tiles have too few registers for it, and their sums take most of the time.
  static constexpr bool kWritesPixels = kWarpsN == 1 && kColumns <= 32;
  static constexpr int kRowBytes = kPacks * 16;
  // Zeros follow the tiles: a pack for each fragment of a warp's rows, or one where the tiles leave
  // no room for more in the 99 KB of some GPUs.
  static constexpr int kZeroPacks = kColumns > 128 ? 1 : Warps::kM;
  static constexpr int kZeros = ((kRows + 8) * kPlanes + kColumns * kStages) * kRowBytes;
  static constexpr int kPipelineBytes = kZeros + (kZeroPacks - 1) * 16 * kRowBytes + 16;
  static constexpr int kSharedBytes =
      kPipelineBytes > Warps::kSharedBytes ? kPipelineBytes : Warps::kSharedBytes;
};

// Candidates 0, 1, ...; speeds are estimates from shared memory and latency.
using FpropTiles = std::tuple<FpropTile<128, 256, 2, 4, 1, 100>,  //
                              FpropTile<128, 128, 2, 2, 2, 97>,   //
                              FpropTile<128, 64, 2, 2, 3, 80>,    //
                              FpropTile<64, 64, 2, 2, 5, 65>,     //
                              FpropTile<128, 32, 4, 1, 4, 60>,    //
                              FpropTile<128, 16, 4, 1, 5, 35>>;
constexpr const char* kTileNames[] = {"128x256", "128x128", "128x64", "64x64", "128x32", "128x16"};
static_assert(std::size(kTileNames) == std::tuple_size_v<FpropTiles>);
constexpr int kTileCandidates = static_cast<int>(std::tuple_size_v<FpropTiles>);
constexpr int kStripCandidate = kTileCandidates;  // fprop_strip.h
constexpr int kStepPacks = std::tuple_element_t<0, FpropTiles>::kPacks;

// Calls f(index, tile) for each of FpropTiles.
template <typename F>
void for_each_tile(F f) {
  int index = 0;
  std::apply([&](const auto&... tile) { (f(index++, tile), ...); }, FpropTiles{});
}

// Defined for T = bf16, float and each pattern in fprop_<pattern>_<type>.cu.
template <typename T, TapPattern kPattern>
void launch_fprop(const Queue& queue, const FpropParams<T>& params, int candidate);

}  // namespace pg::cuda
