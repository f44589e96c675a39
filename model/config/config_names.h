// config_names.h: the names of the values of enums that are configuration keys.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "model/config/config.h"

namespace pg {

// Indexed by the enumerator's value; enumerators count from 0 without gaps.
template <typename E>
inline constexpr std::array<std::string_view, 0> kNames{};
template <>
inline constexpr std::array<std::string_view, 2> kNames<GroupOrder>{"strided", "contiguous"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<Variance>{"biased", "unbiased"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<DownOrder>{"pool_first",
                                                                   "activation_first"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<NormOrder>{"activation_first",
                                                                   "norm_first"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<FirstBias>{"channel", "value"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<WeightInit>{"normal", "unit_rms"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<PlainInit>{"he", "torch"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<OutputActivation>{"none", "tanh",
                                                                          "tanh_above_4x4"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<Conditioning>{"none", "acgan",
                                                                      "projection"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<NarrowAt>{"second", "first"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<GroupRemainder>{"error", "whole"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<ScheduleUnit>{"kimg", "iterations",
                                                                      "epochs"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<LastBatch>{"across", "drop", "keep"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<RealFade>{"none", "exact", "bytes"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<GeneratorLatents>{"fresh", "as_critic"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<GpMix>{"real_to_fake", "fake_to_real"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<AverageRestart>{"never", "new_resolution"};
template <>
inline constexpr std::array<std::string_view, 4> kNames<LossKind>{"wgan-gp", "logistic", "hinge",
                                                                  "lsgan"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<GpSpace>{"full", "current"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<Reduction>{"mean", "sum"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<AdamEpsilon>{"tensorflow", "pytorch"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<OptimizerReset>{"fade_borders",
                                                                        "new_resolution", "never"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<EmaOrder>{"before_g_step", "after_g_step"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<CudaKernels>{"own", "vendor", "fastest"};
template <>
inline constexpr std::array<std::string_view, 4> kNames<Precision>{"auto", "fp32", "tf32", "bf16"};
template <>
inline constexpr std::array<std::string_view, 2> kNames<SelftestUse>{"auto", "off"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<Recipe>{"official", "auto", "small"};
template <>
inline constexpr std::array<std::string_view, 4> kNames<Fit>{"auto", "crop", "pad", "stretch"};
template <>
inline constexpr std::array<std::string_view, 3> kNames<GuardAction>{"skip", "rollback", "stop"};

// Whether V is a named enumerator; compilers print any other value as a cast, "V = (pg::Fit)9".
template <auto V>
constexpr bool is_enumerator() {
  return std::string_view(__PRETTY_FUNCTION__).find("V = (") == std::string_view::npos;
}

template <typename E>
constexpr std::string_view name_of(E value) {
  constexpr size_t kCount = kNames<E>.size();
  static_assert(kCount > 0 && is_enumerator<static_cast<E>(kCount - 1)>() &&
                    !is_enumerator<static_cast<E>(kCount)>(),
                "kNames must have one name for each enumerator");
  return kNames<E>[static_cast<size_t>(value)];
}

// The enumerator of that name, if there is one.
template <typename E>
constexpr std::optional<E> value_of(std::string_view name) {
  for (size_t i = 0; i < kNames<E>.size(); ++i) {
    if (kNames<E>[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace pg
