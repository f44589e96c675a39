// epilogue.h: instructions of a warp after the sums of a convolution: scale, bias, norm, gate and
// stores (kernels/cuda/conv/fprop/fprop_epilogue.cuh).
#pragma once

#include <algorithm>
#include <cmath>

#include "bench/model/assumptions.h"
#include "bench/model/recorded_call.h"

namespace pg::bench {

struct Epilogue {
  explicit Epilogue(const RecordedCall& call)
      : gate(call.has("gate")),
        norm(call.name == "conv2d" && call.has("r")),
        vjp(call.name == "conv2d_input_grad" && call.has("r")) {}
  bool gate, norm, vjp;

  // Of each pack of 16 bytes.
  double pack(bool bf16) const {
    return (bf16 ? assumed::kBf16Pack : assumed::kTf32Pack) + (gate ? assumed::kGatePack : 0);
  }
};

// Packs that a lane stores of 16 rows of `columns` channels.
inline double packs_of_lane(bool bf16, double columns) {
  return std::floor(16 * std::floor(columns / (bf16 ? 8 : 4)) / 32);
}

// Of a warp whose columns are all channels of the result (fprop_pixels.cuh).
inline double pixel_epilogue(const RecordedCall& call, bool bf16, double kM, double kN) {
  const Epilogue e(call);
  const double gated = bf16 ? assumed::kBf16Gated : assumed::kTf32Gated;
  const double biased = bf16 ? assumed::kBf16Biased : assumed::kTf32Biased;
  double sum = kM * kN * 4 * (e.gate ? gated : biased);
  if (e.norm) sum += 2 * kM * (assumed::kPixelNorm + kN * assumed::kPixelNormColumn);
  if (e.vjp) sum += 2 * kM * (assumed::kPixelVjp + kN * assumed::kPixelVjpColumn);
  return sum;
}

// Of a warp of 16 kM rows and `columns` channels. full: the columns are all channels, and the tile
// writes pixels.
inline double tile_epilogue(const RecordedCall& call, bool bf16, double kM, double columns,
                            bool full) {
  const Epilogue e(call);
  const double kN = std::floor(columns / 8), results = kM * kN * 4;
  if (full) return pixel_epilogue(call, bf16, kM, kN) + 2 * kM * assumed::kPixelIndex;
  double sum = results * assumed::kScale + kM * (packs_of_lane(bf16, columns) * e.pack(bf16) +
                                                 kN * assumed::kColumn + assumed::kRows);
  if (e.norm) sum += results * assumed::kNorm + kM * assumed::kNormRows;
  if (e.vjp) sum += kM * kN * assumed::kVjpColumn;
  return sum;
}

// The same in a strip.
inline double strip_epilogue(const RecordedCall& call, bool bf16, double kM, double columns,
                             bool full) {
  const Epilogue e(call);
  const double kN = std::floor(columns / 8), results = kM * kN * 4;
  if (full) return pixel_epilogue(call, bf16, kM, kN);
  const double packs = std::max(1.0, packs_of_lane(bf16, columns));
  double sum = results * assumed::kScale + assumed::kStripResults +
               kM * (packs * e.pack(bf16) + kN * assumed::kColumn + assumed::kStripRows);
  if (e.norm) sum += results * assumed::kNorm + kM * assumed::kStripNormRows;
  if (e.vjp) sum += kM * (assumed::kStripVjpRows + kN * assumed::kVjpColumn);
  return sum;
}

}  // namespace pg::bench
