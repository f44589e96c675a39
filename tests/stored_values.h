// stored_values.h: the elements of tensors in safetensors files, for tests.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "data/formats/safetensors.h"

namespace pg::test {

template <typename T>
constexpr StoredType stored_type_of() {
  if constexpr (std::is_same_v<T, double>) return StoredType::f64;
  if constexpr (std::is_same_v<T, float>) return StoredType::f32;
  if constexpr (std::is_same_v<T, uint8_t>) return StoredType::u8;
  if constexpr (std::is_same_v<T, int32_t>) return StoredType::i32;
  if constexpr (std::is_same_v<T, int64_t>) return StoredType::i64;
  if constexpr (std::is_same_v<T, uint64_t>) return StoredType::u64;
}

// Throws std::runtime_error for a tensor of another type.
template <typename T>
std::vector<T> values_of(const Safetensors& file, const StoredTensor& tensor) {
  if (tensor.dtype != stored_type_of<T>()) {
    throw std::runtime_error(tensor.name + " has the type " + std::string(name_of(tensor.dtype)));
  }
  std::vector<T> values(static_cast<size_t>(tensor.elements()));
  file.read(tensor, std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace pg::test
