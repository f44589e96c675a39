// convert.h: tensors in another element type.
#pragma once

#include "kernels/cuda/queue.h"

namespace pg::cuda {

// y = x (overwrite) or y += x (add), between f32 and bf16 in either direction, rounded to nearest.
struct ConvertArgs {
  ConstTensorView x;
  TensorView y;  // as many elements; must not overlap x
  Accumulate accumulate = Accumulate::overwrite;
};
void convert(Queue& queue, const ConvertArgs& args);

}  // namespace pg::cuda
