// gradcheck.cpp: small networks of every preset and variant, and the check of their gradients.
#include "model/networks/gradcheck.h"

#include <algorithm>
#include <cmath>

#include "data/files/shown.h"
#include "engine/ops/ops.h"
#include "engine/random.h"
#include "model/config/suggest.h"

namespace pg {
namespace {

// So small that no leaky ReLU changes sign within a difference: the penalty would jump there.
constexpr double kStep = 1e-7;
constexpr double kTolerance = 1e-6;
constexpr int64_t kImages = 4;
constexpr int32_t kLabels[kImages] = {0, 2, 1, 2};

constexpr Fade kFades[] = {{4}, {8, 0.3}, {8}, {16, 0.6}};

struct Variant {
  const char* name;
  void (*apply)(Config&);  // to official-tf
};

const Variant kVariants[] = {
    {"logistic-r1",
     [](Config& c) {
       c.loss.kind = LossKind::logistic;
       c.loss.gp_lambda = 0.0;
       c.loss.r1_gamma = 10.0;
     }},
    {"hinge", [](Config& c) { c.loss.kind = LossKind::hinge; }},
    {"lsgan", [](Config& c) { c.loss.kind = LossKind::lsgan; }},
    {"acgan", [](Config& c) { c.model.conditioning = Conditioning::acgan; }},
    {"projection",
     [](Config& c) {
       c.model.conditioning = Conditioning::projection;
       c.model.normalize_labels = false;
     }},
    {"plain-layers",
     [](Config& c) {
       c.model.use_wscale = false;
       c.model.use_pixelnorm = false;
       c.model.mbstd_group_size = 0;
       c.model.down_order = DownOrder::activation_first;
       c.model.from_rgb_activation = false;
       c.model.output_activation = OutputActivation::tanh;
       c.loss.gp_target = 750.0;
     }},
};

Config full_config(const std::string& name) {
  for (const Variant& v : kVariants) {
    if (name != v.name) continue;
    Config config = preset("official-tf");
    v.apply(config);
    return config;
  }
  const std::vector<std::string> names = gradcheck_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return preset(name);
  const std::string nearest = nearest_name(name, names);
  throw UsageError(message("unknown network '", name, "'",
                           nearest.empty() ? ": expected " + joined(names, " or ")
                                           : ": did you mean '" + nearest + "'?"));
}

}  // namespace

std::vector<std::string> gradcheck_names() {
  std::vector<std::string> names = preset_names();
  for (const Variant& v : kVariants) names.emplace_back(v.name);
  return names;
}

Config gradcheck_config(const std::string& name) {
  Config c = full_config(name);
  // Minibatch stddev keeps several groups, or the whole minibatch.
  int64_t& group = c.model.mbstd_group_size;
  if (group > 0 && group < minibatch_at(c, 4)) group = kImages / 2;
  c.model.fmap_base = 48;  // 10 at 4x4 and 8x8, 6 at 16x16
  c.model.fmap_max = 10;
  c.model.latent_size = 7;
  resolve(c, {.resolution = 16, .channels = 3, .images = 1024, .labels = 3});
  return c;
}

std::span<const Fade> gradcheck_fades() { return kFades; }

GradcheckNetworks::GradcheckNetworks(Context& context, const Config& config, const Fade& fade)
    : config_(config),
      g_(config.model, DType::f64),
      d_(config.model, DType::f64, logit_columns(config.loss)),
      g_store_(context, g_.specs(), DType::f64),
      d_store_(context, d_.specs(), DType::f64) {
  g_store_.initialize(5, 1);
  d_store_.initialize(5, 2);
  // Nonzero biases reveal a missing bias gradient.
  RandomStream noise(context, 5, 3);
  for (ParameterStore* store : {&g_store_, &d_store_}) {
    const Tensor n = noise.normal(store->flat().shape(), DType::f64);
    ops::add_in_place(store->flat(), ops::affine(n, 0.1, 0.0));
  }
  fade_ = on_device(fade, g_store_.flat());
  const Shape images{2 * kImages, fade.resolution, fade.resolution, config.model.channels};
  inputs_.images = noise.normal(images, DType::f64);
  inputs_.mix = noise.uniform({kImages}, DType::f64);
  z_ = noise.normal({kImages, 1, 1, latent_size(config)}, DType::f64);
  if (label_count(config) > 0) {
    inputs_.labels = ops::convert(one_hot(context, kLabels, label_count(config)), DType::f64);
  }
}

double GradcheckNetworks::loss(Network network, const Tensor& gradient) {
  const std::vector<Tensor> into = store(network).views(gradient, fade_.resolution);
  const Tensor mean =
      network == Network::discriminator
          ? discriminator_gradients(config_, d_, d_store_, fade_, inputs_, into).total
          : generator_gradients(config_, g_, g_store_, d_, d_store_, fade_,
                                {.z = z_, .labels = inputs_.labels}, into)
                .total;
  const double images = config_.loss.reduction == Reduction::sum ? double{kImages} : 1.0;
  return to_host(mean)[0] * images;
}

double GradcheckNetworks::loss_at(Network network, const Tensor& weights, const Tensor& direction,
                                  double step) {
  const std::vector<double> before = to_host(weights);
  ops::add_in_place(weights, ops::affine(direction, step, 0.0));
  const double value = loss(network, empty_like(store(network).flat()));
  from_host(weights, before);
  return value;
}

gradcheck::Deviation GradcheckNetworks::check(Network network) {
  ParameterStore& s = store(network);
  const Tensor gradient = full(s.flat().shape(), 0.0, s.flat());
  loss(network, gradient);
  RandomStream random(s.flat().context(), 6, 1);
  const std::vector<Tensor> weights = s.views(s.flat(), fade_.resolution);
  const std::vector<Tensor> grads = s.views(gradient, fade_.resolution);
  gradcheck::Deviation worst{.tolerance = kTolerance};
  for (size_t i = 0; i < weights.size(); ++i) {
    const Tensor d = random.normal(weights[i].shape(), DType::f64);
    const double numeric =
        (loss_at(network, weights[i], d, kStep) - loss_at(network, weights[i], d, -kStep)) /
        (2 * kStep);
    const double exact = to_host(ops::sum_to(ops::mul(grads[i], d), {}))[0];
    worst.include(std::abs(exact - numeric) / std::max(1.0, std::abs(numeric)), [&] {
      return message("gradient of ", s.specs()[i].name, ": expected ", numeric,
                     " from finite differences, got ", exact);
    });
  }
  return worst;
}

}  // namespace pg
