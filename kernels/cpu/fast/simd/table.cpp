// table.cpp: the table of one instruction set.
#include "kernels/cpu/fast/simd/loops.h"
#include "kernels/cpu/fast/simd/vec.h"

namespace pg::cpu::PG_SIMD {

constinit const SimdKernels kTable = {
    .lanes = kLanes,
    .max_rows = kMaxRows,
    .gemm_rows = gemm_rows,
    .gemm_cols = gemm_cols,
    .transform_in = {transform_pixels6, transform_pixels5, transform_lows, transform_grads6,
                     transform_grads5, transform_pooled},
    .transform_out = {output_pixels6, output_pixels5, output_pooled},
    .transform_weight6 = {weight_forward6, weight_backward6},
    .transform_weight5 = {weight_forward5, weight_backward5},
    .transform_weight_grad6 = weight_grad6,
    .transform_weight_grad5 = weight_grad5,
    .dots = dots,
    .finish = finish,
    .widen = widen,
    .narrow = narrow,
    .outer = outer,
    .pixel_norm = pixel_norm,
};

}  // namespace pg::cpu::PG_SIMD
