// wgrad_sums.h: the last stage of every weight gradient: partial sums of chunks of pixels into dw.
//
// Each chunk writes a whole gradient of its own, so no sum depends on which block came first.
#pragma once

#include "kernels/conv.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// dw[k,r,s,c] = (or +=) factor * sum over chunks, and where taps are folded over (r..r+1, s..s+1),
// of partial[chunk, k, r', s', c]: the adjoint of folding a 3x3 filter into 4x4 (taps.h).
struct WgradSums {
  const void* partial;  // [chunks, K, taps_h, taps_w, C] in the type of dw
  int64_t chunks;
  int64_t taps_h, taps_w;  // those of dw, or 4 where folded
  TensorView dw;           // [K, R, S, C]
  double factor;
  Accumulate accumulate;
};
void sum_wgrad_partials(Queue& queue, const WgradSums& args);

// db[k] = (or +=) sum over chunks of partial[chunk, k].
void sum_bias_grad_partials(Queue& queue, const Conv2dWeightGradArgs& args, const void* partial,
                            int64_t chunks);

// partial[chunk, c] = the sum over a chunk of pixels of x; chunks = column_sum_chunks(x). f64 in
// f64, else f32 with at most 64 terms in a row.
int64_t column_sum_chunks(const ConstTensorView& x);
void column_sums(Queue& queue, const ConstTensorView& x, void* partial);

}  // namespace pg::cuda
