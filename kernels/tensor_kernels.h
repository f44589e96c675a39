// tensor_kernels.h: the families of kernels on tensor cores, each of which can be skipped.
//
// Exact kernels on CUDA cores compute every call that these compute, more slowly. So a family that
// gives wrong results on some GPU (model/selftest) costs speed only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/choices.h"
#include "kernels/dtype.h"

namespace pg {

// fprop: convolutions and their input gradients in tiles. strips: the same for wide images with few
// channels. wgrad: weight gradients. matmul: dense products.
enum class TensorFamily : uint8_t { fprop, strips, wgrad, matmul };

// bf16: operands stored as bf16 (of matmul: at least one). tf32: f32 operands that are rounded to
// tf32 (MatrixMath::tf32).
enum class TensorType : uint8_t { bf16, tf32 };

constexpr TensorType tensor_type(DType operands) {
  return operands == DType::bf16 ? TensorType::bf16 : TensorType::tf32;
}

// A set of families, each in one type.
class TensorKernels {
 public:
  static constexpr std::array<const char*, 4> kFamilies{"fprop", "strips", "wgrad", "matmul"};
  static constexpr std::array<const char*, 2> kTypes{"bf16", "tf32"};

  constexpr TensorKernels() = default;
  constexpr TensorKernels(TensorFamily family, TensorType type) : bits_(bit(family, type)) {}
  static constexpr TensorKernels all() { return of(TensorType::bf16) | of(TensorType::tf32); }
  static constexpr TensorKernels of(TensorType type) {
    TensorKernels set;
    for (size_t f = 0; f < kFamilies.size(); ++f) {
      set = set | TensorKernels(static_cast<TensorFamily>(f), type);
    }
    return set;
  }

  constexpr bool has(TensorFamily family, TensorType type) const {
    return (bits_ & bit(family, type)) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool contains(TensorKernels other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr TensorKernels operator|(TensorKernels other) const { return bits(bits_ | other.bits_); }
  constexpr TensorKernels operator&(TensorKernels other) const { return bits(bits_ & other.bits_); }
  constexpr bool operator==(const TensorKernels&) const = default;

  // "fprop bf16, wgrad tf32"; empty for none.
  std::string text() const {
    std::string list;
    for (size_t f = 0; f < kFamilies.size(); ++f) {
      for (size_t t = 0; t < kTypes.size(); ++t) {
        if (!has(static_cast<TensorFamily>(f), static_cast<TensorType>(t))) continue;
        list += std::string(list.empty() ? "" : ", ") + kFamilies[f] + " " + kTypes[t];
      }
    }
    return list;
  }

  // The set of a text(); nothing for any other text.
  static std::optional<TensorKernels> parse(std::string_view text) {
    for (int value = 0; value < 256; ++value) {
      const TensorKernels set = bits(value);
      if (set.text() == text) return set;
    }
    return std::nullopt;
  }

 private:
  static constexpr uint8_t bit(TensorFamily family, TensorType type) {
    return static_cast<uint8_t>(1 << (2 * static_cast<int>(family) + static_cast<int>(type)));
  }
  static constexpr TensorKernels bits(int value) {
    TensorKernels set;
    set.bits_ = static_cast<uint8_t>(value);
    return set;
  }

  uint8_t bits_ = 0;
};

// How the CUDA backend computes, besides what it computes with.
struct CudaOptions {
  // Calls of these families go to the exact kernels, also with CudaKernels::vendor and fastest,
  // whose libraries use the same units of the GPU.
  TensorKernels left_out{};
  Launches launches = Launches::queued;
};

}  // namespace pg
