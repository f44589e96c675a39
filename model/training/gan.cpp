// gan.cpp: construction, one iteration, and the list of state for checkpoints.
#include "model/training/gan.h"

#include "engine/ops.h"

namespace pg {
namespace {

// Philox streams of train.seed: no two uses share one.
enum Stream : uint64_t { kInitG = 1, kInitD = 2, kLatents = 3, kMixing = 4 };

AdamOptions adam_options(const OptimizerConfig& o) {
  return {.beta1 = o.beta1, .beta2 = o.beta2, .eps = o.epsilon, .epsilon = o.epsilon_form};
}

double scalar(const Tensor& x) { return to_host(x)[0]; }

}  // namespace

Gan::Gan(Context& context, const Config& config)
    : context_(context),
      config_(config),
      generator_(config),
      discriminator_(config),
      g_(std::make_unique<ParameterStore>(context, generator_.specs())),
      average_(std::make_unique<ParameterStore>(context, generator_.specs())),
      d_(std::make_unique<ParameterStore>(context, discriminator_.specs())),
      latents_(context, static_cast<uint64_t>(config.train.seed), kLatents),
      mixing_(context, static_cast<uint64_t>(config.train.seed), kMixing),
      alpha_(context, {}, DType::f32, Lifetime::persistent) {
  const auto seed = static_cast<uint64_t>(config.train.seed);
  const OptimizerConfig& o = config.optimizer;
  g_->initialize(seed, kInitG);
  d_->initialize(seed, kInitD);
  ops::copy_into(average_->flat(), g_->flat());
  average_->touch();
  g_adam_ = std::make_unique<Adam>(*g_, adam_options(o), average_.get(),
                                   AverageOptions{.decay = o.average_decay, .of = o.average_order});
  d_adam_ = std::make_unique<Adam>(*d_, adam_options(o));
}

StageView Gan::stage(int64_t resolution, double alpha) {
  if (alpha >= 1.0 || resolution == 4) return {.resolution = resolution, .alpha = {}};
  from_host(alpha_, std::vector<double>{alpha});
  return {.resolution = resolution, .alpha = alpha_};
}

Tensor Gan::real_images(const RealImages& reals, const StageView& stage) {
  const Shape shape{reals.count, stage.resolution, stage.resolution, config_.model.channels};
  const Tensor bytes(context_, shape, DType::u8), mirror(context_, {reals.count}, DType::u8);
  context_.backend().upload(bytes.mut(), reals.images);
  context_.backend().upload(mirror.mut(), reals.mirror);
  return ops::images_to_float(bytes, mirror, config_.schedule.fade_reals ? stage.alpha : Tensor{});
}

IterationStats Gan::iterate(const IterationSettings& settings, const RealImages& reals) {
  const StageView view = stage(settings.resolution, settings.alpha);
  if (settings.resolution != resolution_) {
    g_adam_->clear_gradients();
    d_adam_->clear_gradients();
    resolution_ = settings.resolution;
  }
  IterationStats stats;
  const Shape latent{reals.count, 1, 1, latent_size(config_)};
  {
    const Weights constants(*g_, view.resolution);
    const DiscriminatorInputs inputs{
        .real = real_images(reals, view),
        .fake = generator_.forward(constants, latents_.normal(latent), view.resolution, view.alpha),
        .mix = mixing_.uniform({reals.count})};
    const DiscriminatorLoss loss = discriminator_gradients(
        config_, discriminator_, *d_, view, inputs, d_adam_->gradients(view.resolution));
    d_adam_->step(view.resolution, settings.d_learning_rate);
    stats.real_score = scalar(loss.real_score);
    stats.fake_score = scalar(loss.fake_score);
    stats.penalty = scalar(loss.penalty);
    stats.gradient_norm = scalar(loss.gradient_norm);
    stats.d_loss = stats.fake_score - stats.real_score + stats.penalty + scalar(loss.drift);
  }
  const Tensor score =
      generator_gradients(config_, generator_, *g_, discriminator_, *d_, view,
                          {.z = latents_.normal(latent)}, g_adam_->gradients(view.resolution));
  g_adam_->step(view.resolution, settings.g_learning_rate);
  stats.g_loss = -scalar(score);
  stats.d_gradient = d_adam_->stats();
  stats.g_gradient = g_adam_->stats();
  return stats;
}

void Gan::reset_optimizers() {
  g_adam_->reset();
  d_adam_->reset();
}

std::vector<std::pair<std::string, Tensor>> Gan::state() const {
  std::vector<std::pair<std::string, Tensor>> state;
  const auto add = [&](const std::string& prefix, const ParameterStore& store) {
    const std::vector<Tensor> views = store.all();
    for (size_t i = 0; i < views.size(); ++i) {
      state.emplace_back(prefix + store.specs()[i].name, views[i]);
    }
  };
  add("G/", *g_);
  add("Gs/", *average_);
  add("D/", *d_);
  for (const auto& [name, tensor] : g_adam_->state()) state.emplace_back("G.adam/" + name, tensor);
  for (const auto& [name, tensor] : d_adam_->state()) state.emplace_back("D.adam/" + name, tensor);
  return state;
}

void Gan::state_changed() {
  g_->touch();
  average_->touch();
  d_->touch();
}

Gan::RandomState Gan::random_state() const {
  return {.latents = latents_.position(), .mixing = mixing_.position()};
}

void Gan::set_random_state(const RandomState& s) {
  latents_.seek(s.latents);
  mixing_.seek(s.mixing);
}

}  // namespace pg
