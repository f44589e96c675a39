// check_same.h: the check of ops whose operands have one shape and one element type.
#pragma once

#include "engine/tensor.h"

namespace pg::ops {

// Throws ShapeError or DTypeError.
inline void check_same(const char* op, const Tensor& a, const Tensor& b) {
  PG_CHECK(a.shape() == b.shape(), ShapeError, op, ": shapes ", a.shape(), " and ", b.shape(),
           " differ");
  PG_CHECK(a.dtype() == b.dtype(), DTypeError, op, ": element types ", name_of(a.dtype()), " and ",
           name_of(b.dtype()), " differ");
}

}  // namespace pg::ops
