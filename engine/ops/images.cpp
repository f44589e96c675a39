// images.cpp: image bytes to network input.
#include "engine/ops/ops.h"

namespace pg::ops {

Tensor images_to_float(const Tensor& bytes, const Tensor& mirror, const Tensor& alpha) {
  PG_CHECK(bytes.dtype() == DType::u8, DTypeError, "images_to_float: expected u8 images, got ",
           name_of(bytes.dtype()));
  PG_CHECK(!mirror || mirror.numel() == bytes.shape().n, ShapeError,
           "images_to_float: expected one mirror flag for each image of ", bytes.shape(), ", got ",
           mirror.numel());
  const Tensor y(bytes.context(), bytes.shape(), DType::f32);
  y.backend().images_to_float({.x = bytes.view(),
                               .mirror = mirror ? mirror.view() : ConstTensorView{},
                               .alpha = alpha ? alpha.view() : ConstTensorView{},
                               .y = y.mutable_view()});
  return y;
}

}  // namespace pg::ops
