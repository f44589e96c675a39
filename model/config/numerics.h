// numerics.h: the two choices that train.precision combines.
#pragma once

#include "kernels/dtype.h"
#include "model/config/config.h"

namespace pg {

struct Numerics {
  DType activations = DType::f32;           // how activations are stored between layers
  MatrixMath products = MatrixMath::exact;  // how a GPU multiplies tensors that are f32
};

//   fp32  f32 activations, exact products
//   tf32  f32 activations, factors rounded to tf32
//   bf16  bf16 activations, whose products always run on tensor cores; products whose operands stay
//         f32 beside them (dense layers, the 4x4 head of D) are rounded to tf32, hence tf32 here
// `precision` must be resolved: automatic counts as fp32.
constexpr Numerics numerics_of(Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return {.activations = DType::f32, .products = MatrixMath::tf32};
    case Precision::bf16:
      return {.activations = DType::bf16, .products = MatrixMath::tf32};
    case Precision::automatic:
    case Precision::fp32:
      break;
  }
  return {};
}

}  // namespace pg
