// tensor_view.h: a pointer, an element type and four extents: the operands of kernels.
//
// Views are contiguous and have four extents. Activations are [N, H, W, C]; filters [K, R, S, C]
// use the same four fields (n = K, h = R, w = S, c = C); a matrix is [rows, 1, 1, columns]; a
// vector over channels [1, 1, 1, C]; a scalar [1, 1, 1, 1].
#pragma once

#include <ostream>

#include "kernels/dtype.h"

namespace pg {

struct Shape {
  int64_t n = 1, h = 1, w = 1, c = 1;

  constexpr int64_t numel() const { return n * h * w * c; }
  constexpr int64_t pixels() const { return n * h * w; }
  constexpr bool operator==(const Shape&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Shape& s) {
  return out << "[" << s.n << ", " << s.h << ", " << s.w << ", " << s.c << "]";
}

// Read-only view. data == nullptr means "absent" where a contract allows it.
struct ConstTensorView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;
  // (data, version) identifies the contents: every write gives the memory a new version, never one
  // that was in use before. 0: the memory is not tracked, and may change under the same address.
  uint64_t version = 0;

  explicit operator bool() const { return data != nullptr; }
  template <typename T>
  const T* as() const {
    PG_ASSERT(data == nullptr || dtype == dtype_of<T>);
    return static_cast<const T*>(data);
  }
};

// Writable view, for one write; converts to the read-only view of the result.
struct TensorView {
  void* data = nullptr;
  DType dtype = DType::f32;
  Shape shape;
  uint64_t version = 0;   // of the contents after the write; 0: not tracked
  uint64_t previous = 0;  // of the contents before it

  explicit operator bool() const { return data != nullptr; }
  operator ConstTensorView() const { return {data, dtype, shape, version}; }
  template <typename T>
  T* as() const {
    PG_ASSERT(data == nullptr || dtype == dtype_of<T>);
    return static_cast<T*>(data);
  }
};

constexpr int64_t bytes_of(const Shape& shape, DType dtype) {
  return shape.numel() * size_of(dtype);
}
constexpr int64_t bytes_of(const ConstTensorView& view) { return bytes_of(view.shape, view.dtype); }

// A view whose version the caller manages, for memory that no Tensor owns.
inline ConstTensorView at_version(ConstTensorView view, uint64_t version) {
  view.version = version;
  return view;
}

// Whether a kernel overwrites the contents of its output or adds to them.
enum class Accumulate : uint8_t { overwrite, add };

}  // namespace pg
