// values.cpp: random rows, conversions, and device memory filled by doubling.
#include "model/cases/values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

namespace pg::cases {
namespace {

// Rounds to nearest even.
uint16_t to_bf16(double value) {
  const uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

double from_bf16(uint16_t bits) {
  return double{std::bit_cast<float>(static_cast<uint32_t>(bits) << 16)};
}

template <typename T>
void put(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
T take(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

void encode(std::byte* at, DType dtype, double value) {
  switch (dtype) {
    case DType::f64:
      return put(at, value);
    case DType::f32:
      return put(at, static_cast<float>(value));
    case DType::bf16:
      return put(at, to_bf16(value));
    case DType::u8:
      return put(at, static_cast<uint8_t>(value));
    case DType::u64:
      return put(at, static_cast<uint64_t>(value));
  }
}

double decode(const std::byte* at, DType dtype) {
  switch (dtype) {
    case DType::f64:
      return take<double>(at);
    case DType::f32:
      return double{take<float>(at)};
    case DType::bf16:
      return from_bf16(take<uint16_t>(at));
    case DType::u8:
      return static_cast<double>(take<uint8_t>(at));
    case DType::u64:
      return static_cast<double>(take<uint64_t>(at));
  }
  return 0;
}

double draw(Fill fill, std::mt19937_64& engine) {
  const double unit = static_cast<double>(engine() >> 11) * 0x1p-53;
  switch (fill) {
    case Fill::symmetric:
      return 2 * unit - 1;
    case Fill::coarse:
      return std::floor(9 * unit) / 4 - 1;
    case Fill::positive:
      return unit + 0.5;
    case Fill::unit:
      return unit;
    case Fill::bytes:
      return std::floor(256 * unit);
    case Fill::bits:
      return std::floor(2 * unit);
    case Fill::one:
      return 1;
  }
  return 0;
}

int64_t period_of(Fill fill) {
  return fill == Fill::coarse ? Values::kCoarsePeriod : Values::kPeriod;
}

const std::vector<double>& row(Fill fill, DType dtype) {
  static std::map<std::pair<Fill, DType>, std::vector<double>> rows;
  std::vector<double>& row = rows[{fill, dtype}];
  if (!row.empty()) return row;
  std::mt19937_64 engine(7);
  row.resize(static_cast<size_t>(period_of(fill)));
  std::byte stored[8];
  for (double& value : row) {
    encode(stored, dtype, draw(fill, engine));
    value = decode(stored, dtype);
  }
  return row;
}

// `count` elements of x from `first`, as a flat tensor.
TensorView part(const TensorView& x, int64_t first, int64_t count) {
  return {static_cast<std::byte*>(x.data) + first * size_of(x.dtype), x.dtype, {1, 1, 1, count}};
}

// Repeats the first `period` elements over the rest.
void repeat(Backend& backend, const TensorView& x, int64_t period) {
  const int64_t numel = x.shape.numel();
  for (int64_t done = period; done < numel;) {
    const int64_t count = std::min(done, numel - done);
    backend.copy(part(x, done, count), part(x, 0, count));
    done += count;
  }
}

}  // namespace

Values::Values(Fill fill, DType dtype, uint64_t seed)
    : dtype_(dtype),
      period_(period_of(fill)),
      shift_(static_cast<int64_t>(seed * 104729 % static_cast<uint64_t>(period_))),
      row_(&row(fill, dtype)) {}

void Values::fill(Backend& backend, TensorView to, int64_t first) const {
  const int64_t count = std::min(period_, to.shape.numel()), size = size_of(to.dtype);
  std::vector<std::byte> bytes(static_cast<size_t>(count * size));
  for (int64_t i = 0; i < count; ++i)
    encode(&bytes[static_cast<size_t>(i * size)], to.dtype, (*this)[first + i]);
  backend.upload(part(to, 0, count), bytes.data());
  repeat(backend, to, count);
}

std::vector<double> download(Backend& backend, const ConstTensorView& from) {
  const int64_t count = from.shape.numel(), size = size_of(from.dtype);
  std::vector<std::byte> bytes(static_cast<size_t>(count * size));
  backend.download(bytes.data(), from);
  std::vector<double> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    values[static_cast<size_t>(i)] = decode(&bytes[static_cast<size_t>(i * size)], from.dtype);
  }
  return values;
}

void poison(Backend& backend, TensorView to) {
  const int64_t count = std::min<int64_t>(1 << 20, to.shape.numel());
  const std::vector<std::byte> bytes(static_cast<size_t>(count * size_of(to.dtype)),
                                     std::byte{0xff});
  backend.upload(part(to, 0, count), bytes.data());
  repeat(backend, to, count);
}

}  // namespace pg::cases
