// check_same.h: the check that two operands have the same shape and element type.
#pragma once

#include "engine/tensor.h"

namespace pg::ops {

// Throws ShapeError or DTypeError.
inline void check_same(const char* op, const Tensor& a, const Tensor& b) {
  PG_CHECK(a.shape() == b.shape(), ShapeError, op, ": expected equal shapes, got ", a.shape(),
           " and ", b.shape());
  PG_CHECK(a.dtype() == b.dtype(), DTypeError, op, ": expected equal element types, got ",
           name_of(a.dtype()), " and ", name_of(b.dtype()));
}

}  // namespace pg::ops
