// iteration_stats.cpp: the order of the sums, which is part of the checkpoint format.
#include "model/training/iteration_stats.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/ops/ops.h"

namespace pg {
namespace {

// The numbers of one iteration, as tensors, and their sums, as f64.
template <typename T>
struct DNumbers {
  T real_score, fake_score, penalty, gradient_norm, loss, finite, weight_gradient_norm;
};
template <typename T>
struct GNumbers {
  T loss, finite, weight_gradient_norm;
};

// Writing and reading both follow these lists: first those of D, then those of G.
template <typename T>
constexpr std::array kDOrder = {
    &DNumbers<T>::real_score,          &DNumbers<T>::fake_score, &DNumbers<T>::penalty,
    &DNumbers<T>::gradient_norm,       &DNumbers<T>::loss,       &DNumbers<T>::finite,
    &DNumbers<T>::weight_gradient_norm};
template <typename T>
constexpr std::array kGOrder = {&GNumbers<T>::loss, &GNumbers<T>::finite,
                                &GNumbers<T>::weight_gradient_norm};

constexpr size_t kDCount = kDOrder<double>.size(), kGCount = kGOrder<double>.size();
static_assert(sizeof(DNumbers<double>) == kDCount * sizeof(double), "kDOrder lists every member");
static_assert(sizeof(GNumbers<double>) == kGCount * sizeof(double), "kGOrder lists every member");
static_assert(kDCount + kGCount == StatsSums::kCount);

// values / n, member by member.
template <typename Numbers, typename Order>
Numbers means(std::span<const double> values, const Order& order, int64_t n) {
  Numbers numbers{};
  for (size_t i = 0; i < order.size(); ++i) {
    numbers.*order[i] = values[i] / static_cast<double>(std::max<int64_t>(n, 1));
  }
  return numbers;
}

}  // namespace

StatsSums& StatsSums::operator+=(const StatsSums& other) {
  iterations += other.iterations;
  g_iterations += other.g_iterations;
  values.resize(std::max(values.size(), other.values.size()), 0.0);
  for (size_t i = 0; i < other.values.size(); ++i) values[i] += other.values[i];
  return *this;
}

TrainingStats stats_of(const StatsSums& sums) {
  if (sums.iterations == 0 || sums.values.empty()) return {.iterations = sums.iterations};
  const std::span<const double> d_sums = std::span(sums.values).first(kDCount),
                                g_sums = std::span(sums.values).subspan(kDCount, kGCount);
  const auto total_d = means<DNumbers<double>>(d_sums, kDOrder<double>, 1);
  const auto total_g = means<GNumbers<double>>(g_sums, kGOrder<double>, 1);
  const auto d = means<DNumbers<double>>(d_sums, kDOrder<double>, sums.iterations);
  const auto g = means<GNumbers<double>>(g_sums, kGOrder<double>, sums.g_iterations);
  return {.iterations = sums.iterations,
          .d_skipped = sums.iterations - std::llround(total_d.finite),
          .g_skipped = sums.g_iterations - std::llround(total_g.finite),
          .real_score = d.real_score,
          .fake_score = d.fake_score,
          .d_loss = d.loss,
          .g_loss = g.loss,
          .penalty = d.penalty,
          .gradient_norm = d.gradient_norm,
          .d_weight_gradient_norm = d.weight_gradient_norm,
          .g_weight_gradient_norm = g.weight_gradient_norm};
}

StatsAccumulator::StatsAccumulator(Context& context)
    : values_(context, {1, 1, 1, StatsSums::kCount}, DType::f64, Lifetime::persistent) {
  reset();
}

void StatsAccumulator::add(const DiscriminatorLoss& d, const Adam& d_adam, const GeneratorLoss* g,
                           const Adam& g_adam) {
  const DNumbers<Tensor> of_d{.real_score = d.real_score,
                              .fake_score = d.fake_score,
                              .penalty = d.penalty,
                              .gradient_norm = d.gradient_norm,
                              .loss = d.total,
                              .finite = d_adam.stats_tensor().alias({}, 0),
                              .weight_gradient_norm = d_adam.stats_tensor().alias({}, 1)};
  std::vector<Tensor> numbers;
  for (const auto member : kDOrder<Tensor>) numbers.push_back(of_d.*member);
  if (g != nullptr) {
    const GNumbers<Tensor> of_g{.loss = g->total,
                                .finite = g_adam.stats_tensor().alias({}, 0),
                                .weight_gradient_norm = g_adam.stats_tensor().alias({}, 1)};
    for (const auto member : kGOrder<Tensor>) numbers.push_back(of_g.*member);
  }
  ops::add_scalars(values_.alias({1, 1, 1, static_cast<int64_t>(numbers.size())}), numbers);
}

void StatsAccumulator::count(Steps steps) {
  ++iterations_;
  if (steps == Steps::both) ++g_iterations_;
}

StatsSums StatsAccumulator::sums() const { return {iterations_, g_iterations_, to_host(values_)}; }

void StatsAccumulator::reset() { set({}); }

void StatsAccumulator::set(const StatsSums& sums) {
  from_host(values_,
            sums.values.empty() ? std::vector<double>(StatsSums::kCount, 0.0) : sums.values);
  iterations_ = sums.iterations;
  g_iterations_ = sums.g_iterations;
}

}  // namespace pg
