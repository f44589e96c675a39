// wgrad.h: the tensor-core weight gradient: its tiles, its candidates, and their estimated order.
//
// A block computes all taps of BA channels of the low image x BB channels of the high one (taps.h)
// over a chunk of patches of pixels. A patch of the high image, with its border, is loaded once for
// all taps: a tap is a shift of the rows that ldmatrix reads.
#pragma once

#include <vector>

#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// How a block is divided into warps and fragments. A warp has 16 frags_a x 8 frags_b channels of
// each tap; warps_k warps share the pixels of a patch.
struct WgradTile {
  int taps_h, taps_w, stride;
  int frags_a, frags_b, warps_a, warps_b, warps_k;
  int bf16_pixels;  // of a patch of bf16 elements; f32: half of it
  int stages;       // patches in shared memory, all but one of them in flight
  int blocks;       // of a processor, for which its registers suffice

  constexpr int taps() const { return taps_h * taps_w; }
  constexpr int channels_a() const { return 16 * frags_a * warps_a; }
  constexpr int channels_b() const { return 8 * frags_b * warps_b; }
  constexpr int threads() const { return 32 * warps_a * warps_b * warps_k; }
  constexpr int pixels(int64_t element_size) const {
    return bf16_pixels * 2 / static_cast<int>(element_size);
  }
  // f32 registers of a lane: the sums of dw, then those of db.
  constexpr int sums() const { return 4 * frags_a * taps() * frags_b; }
  constexpr int bias_sums() const { return 4 * (frags_a > frags_b ? frags_a : frags_b); }
};

// 3x3 taps (same), the folded 4x4 taps of stride 2 (up, down) and 1x1; each from many channels
// (bound by tensor cores) to few (bound by memory).
inline constexpr WgradTile kWgradTiles[] = {
    {3, 3, 1, 4, 1, 2, 4, 1, 64, 3, 1},   // 128 x 32
    {3, 3, 1, 4, 1, 1, 4, 1, 32, 3, 2},   // 64 x 32
    {3, 3, 1, 2, 1, 1, 4, 2, 64, 3, 2},   // 32 x 32
    {3, 3, 1, 1, 2, 1, 1, 8, 128, 3, 2},  // 16 x 16
    {4, 4, 2, 2, 1, 4, 2, 1, 64, 3, 1},   // 128 x 16
    {4, 4, 2, 2, 1, 2, 4, 1, 64, 3, 1},   // 64 x 32
    {4, 4, 2, 2, 1, 1, 2, 4, 64, 3, 1},   // 32 x 16
    {1, 1, 1, 4, 4, 2, 4, 1, 32, 4, 1},   // 128 x 128
    {1, 1, 1, 2, 2, 1, 2, 4, 64, 3, 3},   // 32 x 32
};
inline constexpr int kWgradTileCount = sizeof(kWgradTiles) / sizeof(kWgradTiles[0]);

// WgradProduct without its pointers, with filters that cover the whole image turned into 1x1.
struct WgradProblem {
  DType dtype;  // of the images: bf16 or f32
  Shape low, high;
  int64_t taps_h, taps_w, stride, pad;

  int64_t element_size() const { return size_of(dtype); }
};

// Pixels of one step, all powers of two: images x rows x columns of the low image.
struct WgradPatch {
  int log_rows, log_columns, images;

  int rows() const { return 1 << log_rows; }
  int columns() const { return 1 << log_columns; }
  int high_rows(const WgradTile& t) const { return (rows() - 1) * t.stride + t.taps_h; }
  int high_columns(const WgradTile& t) const { return (columns() - 1) * t.stride + t.taps_w; }
  int64_t high_pixels(const WgradTile& t) const {
    return int64_t{images} * high_rows(t) * high_columns(t);
  }
  int64_t count(const Shape& low) const;  // patches that cover a batch
};

// Elements after each pixel in shared memory: no bank conflicts. Those of the first stage hold the
// places of pixels in the patch (wgrad_patch.cuh).
constexpr int kWgradPad = 8;

// The patch with the least work that fits a block's shared memory; images = 0 if none fits.
WgradPatch wgrad_patch(const WgradTile& tile, const WgradProblem& problem, int64_t smem);
int64_t wgrad_smem(const WgradTile& tile, const WgradProblem& problem, const WgradPatch& patch);

// Results of two candidates differ in the order of sums; each candidate is deterministic.
struct WgradCandidate {
  int tile;        // index into kWgradTiles
  int64_t chunks;  // parts of the pixels that are summed separately

  bool operator==(const WgradCandidate&) const = default;
};

// Whether tensor cores support the call, bf16 images, or f32 images and MatrixMath::tf32, and the
// queue does not skip the family.
bool wgrad_supports(const Queue& queue, const Conv2dWeightGradArgs& args);
WgradProblem wgrad_problem(const Conv2dWeightGradArgs& args);
// Candidates that fit this device, sorted by estimated time: that of the slowest resource of 132
// processors, or of one block alone, whose steps wait. Empty: use the exact kernels.
std::vector<WgradCandidate> wgrad_candidates(const Queue& queue, const WgradProblem& problem);
// Computes the call with one of them, in queue.scratch(). Throws DeviceError.
void run_wgrad(Queue& queue, const Conv2dWeightGradArgs& args, const WgradCandidate& candidate);

}  // namespace pg::cuda
