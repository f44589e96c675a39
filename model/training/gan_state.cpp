// gan_state.cpp: initial values, and the names of tensors in a checkpoint.
#include "model/training/gan_state.h"

#include "engine/ops/ops.h"

namespace pg {
namespace {

// Philox streams of train.seed: no two uses share one.
enum Stream : uint64_t { kInitG = 1, kInitD = 2, kLatents = 3, kMixing = 4, kStreams = 16 };

uint64_t seed_of(const Config& config) { return static_cast<uint64_t>(config.train.seed); }

AdamOptions adam_options(const OptimizerConfig& o) {
  return {.beta1 = o.beta1, .beta2 = o.beta2, .eps = o.epsilon, .epsilon = o.epsilon_form};
}

EmaOptions ema_options(const OptimizerConfig& o) {
  return {.decay = o.average_decay, .order = o.average_order};
}

}  // namespace

GanState::GanState(Context& context, const Config& config)
    : generator(config.model, activation_dtype(config.train.precision)),
      discriminator(config.model, activation_dtype(config.train.precision),
                    logit_columns(config.loss)),
      g(context, generator.specs()),
      ema(context, generator.specs()),
      d(context, discriminator.specs()),
      latents(context, seed_of(config), kLatents),
      mixing(context, seed_of(config), kMixing),
      g_adam(g, adam_options(config.optimizer), &ema, ema_options(config.optimizer)),
      d_adam(d, adam_options(config.optimizer)) {
  g.initialize(seed_of(config), kInitG);
  d.initialize(seed_of(config), kInitD);
  ema.set_factors(g.factors());
  restart_ema();
}

void GanState::reset_optimizers() {
  g_adam.reset();
  d_adam.reset();
}

void GanState::restart_ema() { ops::copy_into(ema.flat(), g.flat()); }

void GanState::choose_random_stream(int64_t stream) {
  const auto shift = static_cast<uint64_t>(stream) * kStreams;
  latents.choose_stream(kLatents + shift);
  mixing.choose_stream(kMixing + shift);
  random_stream = stream;
}

RandomState GanState::random_state() const {
  return {
      .latents = latents.position(), .mixing = mixing.position(), .latents_before = latents_before};
}

void GanState::set_random_state(const RandomState& s) {
  latents.seek(s.latents);
  mixing.seek(s.mixing);
  latents_before = s.latents_before;
}

std::vector<std::pair<std::string, Tensor>> GanState::tensors() const {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const auto& [prefix, store] : networks()) {
    const std::vector<Tensor> views = store->all();
    for (size_t i = 0; i < views.size(); ++i) {
      tensors.emplace_back(prefix + "/" + store->specs()[i].name, views[i]);
    }
  }
  for (const auto& [prefix, adam, network] : optimizers()) {
    for (const auto& [name, tensor] : adam->state()) {
      tensors.emplace_back(prefix + "/" + name, tensor);
    }
  }
  return tensors;
}

std::vector<GanState::NamedOptimizer> GanState::optimizers() const {
  return {{"G.adam", &g_adam, &g}, {"D.adam", &d_adam, &d}};
}

std::vector<std::pair<std::string, ParameterStore*>> GanState::networks() {
  return {{"G", &g}, {"Gs", &ema}, {"D", &d}};
}

std::vector<std::pair<std::string, const ParameterStore*>> GanState::networks() const {
  return {{"G", &g}, {"Gs", &ema}, {"D", &d}};
}

}  // namespace pg
