// host_tensor.cpp: strided elements of any type as contiguous floats.
#include "data/formats/pickle/host_tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "kernels/error.h"

namespace pg {

namespace {

float from_half(uint16_t bits) {
  const uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
  float value = 0;
  if (exponent == 0) {
    value = std::ldexp(static_cast<float>(fraction), -24);
  } else if (exponent == 31) {
    value = std::bit_cast<float>(0x7f800000u | fraction << 13);
  } else {
    value = std::bit_cast<float>((exponent + 112) << 23 | fraction << 13);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

float from_bfloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

// Element `i` of an unaligned array of T.
template <typename T>
T element(const uint8_t* bytes, int64_t i) {
  T value{};
  std::memcpy(&value, bytes + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

// Calls f(i) with the index of each element, in row-major order.
template <typename F>
void for_each_place(const PickledTensor& tensor, F&& f) {
  std::vector<int64_t> index(tensor.shape.size(), 0);
  int64_t place = tensor.offset;
  while (true) {
    f(place);
    size_t axis = index.size();
    while (axis > 0) {
      --axis;
      place += tensor.strides[axis];
      if (++index[axis] < tensor.shape[axis]) break;
      place -= tensor.strides[axis] * tensor.shape[axis];
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (index.empty()) return;
  }
}

template <typename T, typename Convert>
void convert(const PickledTensor& tensor, const uint8_t* bytes, Convert&& to_float,
             std::vector<float>& out) {
  for_each_place(tensor, [&](int64_t i) { out.push_back(to_float(element<T>(bytes, i))); });
}

template <typename T>
void convert(const PickledTensor& tensor, const uint8_t* bytes, std::vector<float>& out) {
  convert<T>(
      tensor, bytes, [](T value) { return static_cast<float>(value); }, out);
}

void convert_all(const PickledTensor& tensor, const uint8_t* bytes, std::vector<float>& out) {
  switch (tensor.type) {
    case StoredType::f64:
      return convert<double>(tensor, bytes, out);
    case StoredType::f32:
      return convert<float>(tensor, bytes, out);
    case StoredType::f16:
      return convert<uint16_t>(tensor, bytes, from_half, out);
    case StoredType::bf16:
      return convert<uint16_t>(tensor, bytes, from_bfloat, out);
    case StoredType::u64:
      return convert<uint64_t>(tensor, bytes, out);
    case StoredType::i64:
      return convert<int64_t>(tensor, bytes, out);
    case StoredType::i32:
      return convert<int32_t>(tensor, bytes, out);
    case StoredType::i16:
      return convert<int16_t>(tensor, bytes, out);
    case StoredType::i8:
      return convert<int8_t>(tensor, bytes, out);
    case StoredType::u8:
      return convert<uint8_t>(tensor, bytes, out);
    case StoredType::boolean:
      return convert<uint8_t>(
          tensor, bytes, [](uint8_t value) { return value != 0 ? 1.0f : 0.0f; }, out);
  }
}

}  // namespace

HostTensor::HostTensor(PickledTensor tensor, const Storages* storages)
    : tensor_(std::move(tensor)), storages_(storages) {
  PG_ASSERT(!tensor_.storage.has_value() || storages_ != nullptr);
}

int64_t HostTensor::elements() const {
  int64_t count = 1;
  for (const int64_t extent : tensor_.shape) count *= extent;
  return count;
}

std::vector<float> HostTensor::floats() const {
  std::vector<float> result;
  if (elements() == 0) return result;
  const StorageBytes stored = tensor_.storage.has_value() ? storages_->storage(*tensor_.storage)
                                                          : StorageBytes{tensor_.bytes};
  result.reserve(static_cast<size_t>(elements()));
  convert_all(tensor_, stored.bytes.data(), result);
  return result;
}

}  // namespace pg
