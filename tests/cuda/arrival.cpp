// arrival.cpp: perturbed runs, their statistics, and the rank-sum test.
#include "tests/cuda/arrival.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/philox.h"

namespace pg::test {
namespace {

constexpr int kIterations = 200;
constexpr double kPerturbation = 1.0 / 128;

using Values = std::vector<double>;

void perturb(const ParameterStore& store, int run, uint64_t stream) {
  Values w = to_host(store.flat());
  for (size_t i = 0; i < w.size(); ++i) {
    const uint32_t word = philox(static_cast<uint64_t>(run), stream, i).word[0];
    w[i] *= 1.0 + kPerturbation * (static_cast<double>(word) * 0x1p-31 - 1.0);
  }
  from_host(store.flat(), w);
}

double root_mean_square(const Values& x) {
  return norm(x) / std::sqrt(static_cast<double>(x.size()));
}

// The last quarter is at 8x8 without a fade.
Fade fade_at(int i) {
  if (i < kIterations / 4) return {.resolution = 4, .alpha = 1.0};
  return {.resolution = 8,
          .alpha = std::min(1.0, 0.01 + 4.0 * (i - kIterations / 4) / kIterations)};
}

void append_means(const TrainingStats& s, Arrival& to) {
  to.push_back({"distance of the scores", s.real_score - s.fake_score});
  to.push_back({"score of real images", s.real_score});
  to.push_back({"gradient norm of the penalty", s.gradient_norm});
  to.push_back({"penalty", s.penalty});
  to.push_back({"loss of D", s.d_loss});
  to.push_back({"loss of G", s.g_loss});
  to.push_back({"weight gradient norm of D", s.d_weight_gradient_norm});
  to.push_back({"weight gradient norm of G", s.g_weight_gradient_norm});
}

// Calls f(name, values) for each view of `flat`, a buffer laid out as `store`.
template <typename F>
void for_each_parameter(const ParameterStore& store, const Tensor& flat, F&& f) {
  const std::vector<Tensor> views = store.views(flat, store.specs().back().resolution);
  for (size_t i = 0; i < views.size(); ++i) f(store.specs()[i].name, to_host(views[i]));
}

// Adam's v, a decaying mean of squared gradients.
void append_gradients(const std::string& network, const ParameterStore& store, const Adam& adam,
                      Arrival& to) {
  for (const auto& [name, tensor] : adam.state()) {
    if (name != "v") continue;
    for_each_parameter(store, tensor, [&](const std::string& parameter, Values v) {
      for (double& x : v) x = std::sqrt(x);
      to.push_back({"gradient of " + network + "/" + parameter, root_mean_square(v)});
    });
  }
}

void append_moves(const std::string& network, const ParameterStore& store, const Values& start,
                  Arrival& to) {
  size_t first = 0;
  for_each_parameter(store, store.flat(), [&](const std::string& parameter, Values w) {
    for (double& x : w) x -= start[first++];
    to.push_back({"move of " + network + "/" + parameter, root_mean_square(w)});
  });
}

std::vector<double> values_of(std::span<const Arrival> runs, size_t statistic) {
  Values values;
  for (const Arrival& a : runs) values.push_back(a.at(statistic).value);
  return values;
}

double mean_of(const Values& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double deviation_of(const Values& x) {
  const double mean = mean_of(x);
  double sum = 0.0;
  for (const double v : x) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(x.size() - 1));
}

// Pairs in which x is larger or those in which y is, whichever are fewer; equal values count half.
size_t fewer_pairs(const Values& x, const Values& y) {
  size_t larger = 0, equal = 0;
  for (const double a : x) {
    for (const double b : y) {
      if (a > b) ++larger;
      if (!(a > b) && !(a < b)) ++equal;
    }
  }
  const size_t all = x.size() * y.size(), count = larger + equal / 2;
  return std::min(count, all - count);
}

}  // namespace

Arrival arrive(Backend& backend, const Config& config, int run, double learning_rate) {
  SmallRun training(backend, config);
  GanState& s = training.gan().state();
  perturb(s.d, run, 1);
  perturb(s.g, run, 2);
  s.restart_ema();
  const Values d = to_host(s.d.flat()), g = to_host(s.g.flat());
  for (int i = 0; i < kIterations; ++i) {
    if (i == kIterations * 3 / 4) training.reset_stats();
    training.iterate(fade_at(i), learning_rate);
  }
  const TrainingStats stats = training.stats();
  EXPECT_EQ(stats.d_skipped + stats.g_skipped, 0);
  Arrival a;
  append_means(stats, a);
  append_gradients("D", s.d, s.d_adam, a);
  append_gradients("G", s.g, s.g_adam, a);
  append_moves("D", s.d, d, a);
  append_moves("G", s.g, g, a);
  append_moves("Gs", s.ema, g, a);
  return a;
}

std::ostream& operator<<(std::ostream& out, const Verdict& v) {
  return out << v.name << ": mean " << v.mean << ", expected " << v.expected << " with spread "
             << v.spread << "; by chance at most once in " << 1.0 / v.false_alarm << " tests";
}

// With ways(k, m, u) for the orders of k and m runs that give u pairs: the largest of all is one of
// the m, which is in k pairs, or one of the k, which is in none.
std::vector<double> rank_sum_distribution(size_t k, size_t m) {
  std::vector<Values> ways(m + 1, Values(k * m + 1, 0.0));  // [m][u], for k = 0 at first
  for (Values& w : ways) w[0] = 1.0;
  for (size_t i = 1; i <= k; ++i) {
    for (size_t j = 1; j <= m; ++j) {
      for (size_t u = i; u <= k * m; ++u) ways[j][u] += ways[j - 1][u - i];
    }
  }
  Values sums = ways[m];
  std::partial_sum(sums.begin(), sums.end(), sums.begin());
  const double all = sums.back();
  for (double& p : sums) p /= all;
  return sums;
}

Verdict Yardstick::compare(std::span<const Arrival> runs) const {
  const Values probabilities = rank_sum_distribution(runs_.size(), runs.size());
  const auto count = static_cast<double>(runs_.at(0).size());
  Verdict least;
  least.false_alarm = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < runs_[0].size(); ++i) {
    const Values x = values_of(runs, i), y = values_of(runs_, i);
    const bool finite = std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); });
    const double p = finite ? 2.0 * count * probabilities[fewer_pairs(x, y)] : 0.0;
    if (p < least.false_alarm)
      least = {runs_[0][i].name, p, mean_of(x), mean_of(y), deviation_of(y)};
  }
  least.false_alarm = std::min(least.false_alarm, 1.0);
  return least;
}

}  // namespace pg::test
