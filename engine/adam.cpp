// adam.cpp: one check and one update kernel for a whole network.
#include "engine/adam.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/ops.h"

namespace pg {

Adam::Adam(ParameterStore& parameters, const AdamOptions& options, ParameterStore* ema,
           const EmaOptions& ema_options)
    : parameters_(parameters), ema_(ema), options_(options), ema_options_(ema_options) {
  Context& context = parameters.flat().context();
  const Shape shape = parameters.flat().shape();
  const DType dtype = parameters.flat().dtype();
  g_ = Tensor(context, shape, dtype, Lifetime::persistent);
  v_ = Tensor(context, shape, dtype, Lifetime::persistent);
  if (options.beta1 != 0.0) m_ = Tensor(context, shape, dtype, Lifetime::persistent);
  t_ = Tensor(context, {}, DType::f64, Lifetime::persistent);
  stats_ = Tensor(context, {1, 1, 1, 2}, DType::f64, Lifetime::persistent);
  first_bad_ = Tensor(context, {1, 1, 1, 3}, DType::f64, Lifetime::persistent);
  learning_rate_ = Tensor(context, {}, DType::f64, Lifetime::persistent);
  PG_ASSERT(ema == nullptr || ema->flat().shape() == shape);
  clear_gradients();
  clear_first_bad();
  reset();
}

std::vector<Tensor> Adam::gradients(int64_t resolution) const {
  return parameters_.views(g_, resolution);
}

void Adam::clear_gradients() { g_.backend().fill({.y = g_.mutable_view(), .value = 0.0}); }

void Adam::reset() {
  for (const Tensor& state : {m_, v_, t_}) {
    if (state) state.backend().fill({.y = state.mutable_view(), .value = 0.0});
  }
}

void Adam::set_learning_rate(double learning_rate) {
  if (learning_rate == learning_rate_value_) return;
  learning_rate_value_ = learning_rate;
  g_.backend().upload(learning_rate_.mutable_view(), &learning_rate);
}

void Adam::step(int64_t resolution) {
  const Shape active{1, 1, 1, parameters_.prefix(resolution)};
  Backend& backend = g_.backend();
  const Tensor g = g_.alias(active);
  check_gradient(g, stats_, t_, first_bad_);
  backend.adam({.w = parameters_.flat().alias(active).mutable_view(),
                .v = v_.alias(active).mutable_view(),
                .m = m_ ? m_.alias(active).mutable_view() : TensorView{},
                .ema = ema_ ? ema_->flat().alias(active).mutable_view() : TensorView{},
                .g = g.view(),
                .lr = learning_rate_.view(),
                .t = t_.view(),
                .stats = stats_.view(),
                .beta1 = options_.beta1,
                .beta2 = options_.beta2,
                .eps = options_.eps,
                .ema_decay = ema_options_.decay,
                .epsilon = options_.epsilon,
                .ema_order = ema_options_.order});
}

GradStats Adam::stats() const {
  const std::vector<double> values = to_host(stats_);
  return {.finite = values[0] != 0.0, .norm = values[1]};
}

FirstBad Adam::first_bad() const {
  const std::vector<double> values = to_host(first_bad_);
  return {.found = values[1] != 0.0,
          .steps_ago = static_cast<int64_t>(values[0] - values[1]),
          .element = static_cast<int64_t>(values[2])};
}

void Adam::clear_first_bad() { g_.backend().fill({.y = first_bad_.mutable_view(), .value = 0.0}); }

// The formula of AdamArgs with the current g, m and v.
double Adam::update_norm(int64_t resolution) const {
  const Shape active{1, 1, 1, parameters_.prefix(resolution)};
  const double t = std::max(to_host(t_)[0], 1.0);  // the gradient is 0 before the first step
  const double correction1 = 1.0 - std::pow(options_.beta1, t);
  const double correction2 = std::sqrt(1.0 - std::pow(options_.beta2, t));
  const bool inside = options_.epsilon == AdamEpsilon::tensorflow;
  const Tensor root =
      ops::affine(ops::sqrt(v_.alias(active)), inside ? 1.0 : 1.0 / correction2, options_.eps);
  const double rate = learning_rate_value_ * (inside ? correction2 : 1.0) / correction1;
  const Tensor step = ops::affine(ops::div((m_ ? m_ : g_).alias(active), root), rate, 0.0);
  return norm_of(step).norm;
}

std::vector<std::pair<std::string, Tensor>> Adam::state() const {
  std::vector<std::pair<std::string, Tensor>> state = {{"v", v_}, {"t", t_}};
  if (m_) state.emplace_back("m", m_);
  return state;
}

}  // namespace pg
