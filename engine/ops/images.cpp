// images.cpp: image bytes to network input.
#include "engine/ops/ops.h"

namespace pg::ops {

void images_to_float(const Tensor& y, const Tensor& bytes, const Tensor& mirror,
                     const Tensor& alpha) {
  PG_CHECK(bytes.dtype() == DType::u8, DTypeError, "images_to_float: expected u8 images, got ",
           name_of(bytes.dtype()));
  PG_CHECK(!mirror || mirror.numel() == bytes.shape().n, ShapeError,
           "images_to_float: expected one mirror flag for each image of ", bytes.shape(), ", got ",
           mirror.numel());
  PG_CHECK(y.shape() == bytes.shape(), ShapeError, "images_to_float: expected a result of shape ",
           bytes.shape(), ", got ", y.shape());
  y.backend().images_to_float({.x = bytes.view(),
                               .mirror = mirror ? mirror.view() : ConstTensorView{},
                               .alpha = alpha ? alpha.view() : ConstTensorView{},
                               .y = y.mutable_view()});
}

}  // namespace pg::ops
