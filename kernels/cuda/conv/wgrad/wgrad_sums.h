// wgrad_sums.h: the last step of every weight gradient: partial sums of chunks of pixels into dw.
//
// Each chunk writes a whole gradient, so no sum depends on the order of blocks.
#pragma once

#include "kernels/conv.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// db[k] = (or +=) sum over chunks of partial[chunk, k].
struct BiasSums {
  const void* partial = nullptr;  // [chunks, K] in the type of db
  int64_t chunks = 0;
  TensorView db{};
  Accumulate accumulate = Accumulate::overwrite;
};
BiasSums bias_sums(const Conv2dWeightGradArgs& args, const void* partial, int64_t chunks);
void sum_bias_grad_partials(Queue& queue, const Conv2dWeightGradArgs& args, const void* partial,
                            int64_t chunks);

// dw[k,r,s,c] = (or +=) factor * sum over chunks, and with folded taps over (r..r+1, s..s+1), of
// partial[chunk, k, r', s', c]: the adjoint of folding a 3x3 filter into 4x4 (taps.h).
struct WgradSums {
  const void* partial;  // [chunks, K, taps_h, taps_w, C] in the type of dw
  int64_t chunks;
  int64_t taps_h, taps_w;  // those of dw, or 4 if folded
  TensorView dw;           // [K, R, S, C]
  double factor;
  Accumulate accumulate;
  BiasSums bias;  // without db: not computed; else in the type of dw
};
// Both in one launch. Throws ShapeError for gradients of 2^31 elements.
void sum_wgrad_partials(Queue& queue, const WgradSums& args);

// partial[chunk, c] = sum of x over a chunk of pixels; chunks = column_sum_chunks(x). f64 is summed
// in f64, else in f32 with at most 64 terms in one sum.
int64_t column_sum_chunks(const ConstTensorView& x);
void column_sums(Queue& queue, const ConstTensorView& x, void* partial);

}  // namespace pg::cuda
