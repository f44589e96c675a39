// loops.h: the functions of simd/*.cpp for table.cpp, in the namespace of one instruction set.
#pragma once

#include "kernels/cpu/fast/simd/simd.h"

namespace pg::cpu::PG_SIMD {

void gemm_rows(const GemmRowsArgs& args);
void gemm_cols(const GemmColsArgs& args);
void transform_pixels6(const TransformInArgs& args);
void transform_pixels5(const TransformInArgs& args);
void transform_lows(const TransformInArgs& args);
void transform_grads6(const TransformInArgs& args);
void transform_grads5(const TransformInArgs& args);
void transform_pooled(const TransformInArgs& args);
void output_pixels6(const TransformOutArgs& args);
void output_pixels5(const TransformOutArgs& args);
void output_pooled(const TransformOutArgs& args);
void weight_forward6(const TransformWeightArgs& args);
void weight_forward5(const TransformWeightArgs& args);
void weight_backward6(const TransformWeightArgs& args);
void weight_backward5(const TransformWeightArgs& args);
void weight_grad6(const TransformWeightGradArgs& args);
void weight_grad5(const TransformWeightGradArgs& args);
void dots(const DotsArgs& args);
void finish(const FinishArgs& args);
void widen(const ThinArgs& args);
void narrow(const ThinArgs& args);
void outer(const ThinArgs& args);
void pixel_norm(const PixelNormRowsArgs& args);

}  // namespace pg::cpu::PG_SIMD
