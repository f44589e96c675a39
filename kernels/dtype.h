// dtype.h: element types, their accumulators, and dispatch from a run-time type to a template.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/error.h"

namespace pg {

// f64 is for gradient checks, f32 is the working precision, bf16 a storage type (f32 accumulation),
// u8 for image bytes, u64 for counters.
enum class DType : uint8_t { f64, f32, bf16, u8, u64 };

constexpr int64_t size_of(DType t) {
  switch (t) {
    case DType::f64:
    case DType::u64:
      return 8;
    case DType::f32:
      return 4;
    case DType::bf16:
      return 2;
    case DType::u8:
      return 1;
  }
  return 0;
}

constexpr const char* name_of(DType t) {
  switch (t) {
    case DType::f64:
      return "f64";
    case DType::f32:
      return "f32";
    case DType::bf16:
      return "bf16";
    case DType::u8:
      return "u8";
    case DType::u64:
      return "u64";
  }
  return "?";
}

// The type of arithmetic on t, and of the filters, biases, weight gradients, scalars and statistics
// used with tensors of t: f32 for bf16, otherwise t.
constexpr DType acc_of(DType t) { return t == DType::bf16 ? DType::f32 : t; }

template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct DTypeOf<uint64_t> {
  static constexpr DType value = DType::u64;
};
template <typename T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

template <typename T>
struct TypeTag {
  using type = T;
};

// Calls f(TypeTag<double>) or f(TypeTag<float>); throws DTypeError for any other type.
template <typename F>
decltype(auto) dispatch_float(DType t, F&& f) {
  if (t == DType::f64) return f(TypeTag<double>{});
  PG_CHECK(t == DType::f32, DTypeError, "element type: expected f32 or f64, got ", name_of(t));
  return f(TypeTag<float>{});
}

}  // namespace pg
