// conv_f_params.h: what the launcher (conv_f.cu) hands to the kernels (conv_f_*.cu), and the tiles
// they come in.
#pragma once

#include <iterator>
#include <tuple>

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/conv/filters/conv_forms.h"
#include "kernels/cuda/conv/fprop/conv_epilogue.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {

// One launch: fewer than 2^31 elements in each tensor, so that 32-bit indices do.
template <typename T>
struct ConvParams {
  const T* in;  // [samples, height, width, channels]
  int height, width, channels;
  RowAccess input_access;   // elements: chunks of the input are not aligned
  const T* filter;          // FilterForm of [phase][output][tap][padded]
  int padded, taps, depth;  // depth = taps * padded
  int pad;                  // of form plain; 1 otherwise
  int rows;                 // pixels of the low-resolution image, of all samples
  Divider image, row;       // its pixels, its width
  Divider tiles_across;     // tiles beside each other (output channels)
  ConvEpilogue<T> epilogue;
};

// kRows x kColumns results by kWarpsM x kWarpsN warps, in steps of kChunks chunks, kStages of which
// are in shared memory. kSpeed: rough relative rate of a busy processor, for the choice of a tile.
template <int kRowsValue, int kColumnsValue, int kWarpsM, int kWarpsN, int kChunksValue,
          int kStagesValue, int kSpeed>
struct ConvTile {
  static constexpr int kRows = kRowsValue, kColumns = kColumnsValue;
  static constexpr int kChunks = kChunksValue, kStages = kStagesValue;
  static constexpr int kThreads = kWarpsM * kWarpsN * kWarp;
  static constexpr double kRelativeSpeed = kSpeed / 100.0;
  using Warps = WarpGrid<kWarpsM, kWarpsN, kRows / kWarpsM / 16, kColumns / kWarpsN / 8>;
  static constexpr int kPipelineBytes = (kRows + kColumns) * kChunks * 16 * kStages;
  static constexpr int kSharedBytes =
      kPipelineBytes > Warps::kSharedBytes ? kPipelineBytes : Warps::kSharedBytes;
};

// Candidates 0, 1, ...; speeds are estimates of what shared memory and latency leave.
using ConvTiles = std::tuple<ConvTile<128, 256, 2, 4, 4, 4, 100>,  //
                             ConvTile<128, 128, 2, 2, 4, 4, 97>,   //
                             ConvTile<128, 128, 2, 2, 8, 3, 95>,   //
                             ConvTile<128, 64, 2, 2, 4, 4, 80>,    //
                             ConvTile<64, 64, 2, 2, 4, 4, 65>,     //
                             ConvTile<128, 32, 4, 1, 4, 4, 60>,    //
                             ConvTile<128, 16, 4, 1, 4, 4, 35>>;
constexpr const char* kTileNames[] = {"128x256", "128x128", "128x128 deep", "128x64",
                                      "64x64",   "128x32",  "128x16"};
static_assert(std::size(kTileNames) == std::tuple_size_v<ConvTiles>);
using ElementsTile = ConvTile<64, 64, 2, 2, 4, 4, 30>;
constexpr int kTileCandidates = static_cast<int>(std::tuple_size_v<ConvTiles>);
constexpr int kElementsCandidate = kTileCandidates;    // the only one for unaligned inputs
constexpr int kNarrowCandidate = kTileCandidates + 1;  // conv_narrow.h

// Calls f(index, tile) for each of ConvTiles.
template <typename F>
void for_each_tile(F f) {
  int index = 0;
  std::apply([&](const auto&... tile) { (f(index++, tile), ...); }, ConvTiles{});
}

// Defined for T = bf16, float and each form in conv_f_<form>.cu.
template <typename T, ConvForm kForm>
void launch_conv_f(const Queue& queue, const ConvParams<T>& params, int candidate);

}  // namespace pg::cuda
