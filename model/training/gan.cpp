// gan.cpp: one training iteration: uploads, capture and replay, the updates of D and G.
#include "model/training/gan.h"

#include "engine/ops/ops.h"
#include "kernels/capture.h"
#include "model/networks/labels.h"

namespace pg {
namespace {

MinibatchPart place_of(const MicroBatch& part) {
  return {.minibatch = part.minibatch(),
          .gradients = part.first == 0 ? Accumulate::overwrite : Accumulate::add,
          .unreached = Unreached::keep};
}

}  // namespace

Gan::Gan(Context& context, const Config& config)
    : context_(context),
      config_(config),
      state_(context, config),
      stats_(context),
      alpha_(context, {}, DType::f32, Lifetime::persistent) {}

void Gan::iterate(const IterationSettings& settings, const RealImages& reals) {
  GanState& s = state_;
  const Plan plan{.resolution = settings.fade.resolution,
                  .count = reals.count(),
                  .fading = settings.fade.fading(),
                  .steps = settings.steps,
                  .random_stream = s.random_stream};
  if (weights_version() != last_version_) last_ = {};  // loaded from a file, for example
  if (settings.latents == Latents::again) s.latents.seek(s.latents_before);
  s.latents_before = s.latents.position();
  if (plan.resolution != last_.resolution) {
    graph_.reset();  // it holds addresses
    context_.step().trim();
  }
  // Gradients of layers that are not in use are written by nobody.
  if (plan.resolution != last_.resolution || plan.fading != last_.fading) {
    s.g_adam.clear_gradients();
    s.d_adam.clear_gradients();
  }
  upload_inputs(settings, reals, plan);
  // The first iteration of a plan allocates all that must not be allocated during capture, and
  // leaves the packed filters that the captured one expects.
  const bool warm = plan == last_ && context_.backend().can_capture();
  if (warm && (!graph_ || plan != captured_)) capture(plan);
  if (warm) {
    replay();
  } else {
    run(plan);
  }
  last_ = plan;
  last_version_ = weights_version();
  stats_.count(plan.steps);
}

// Everything that a captured iteration reads from memory.
void Gan::upload_inputs(const IterationSettings& settings, const RealImages& reals,
                        const Plan& plan) {
  Backend& backend = context_.backend();
  if (plan.fading) from_host(alpha_, std::vector<double>{settings.fade.alpha});
  state_.g_adam.set_learning_rate(settings.g_learning_rate);
  state_.d_adam.set_learning_rate(settings.d_learning_rate);
  state_.latents.begin_step();
  state_.mixing.begin_step();
  const int64_t r = plan.resolution;
  const Shape shape{plan.count, r, r, config_.model.channels};
  PG_CHECK(reals.images.empty() || static_cast<int64_t>(reals.images.size()) == shape.numel(),
           ShapeError, "real images: expected ", shape, ", got ", reals.images.size(), " bytes");
  if (!images_ || images_.shape() != shape) {
    graph_.reset();
    images_ = mirror_ = {};
    images_ = Tensor(context_, shape, DType::u8, Lifetime::persistent);
    mirror_ = Tensor(context_, {plan.count}, DType::u8, Lifetime::persistent);
  }
  backend.upload(images_.mutable_view(), reals.images.data());
  backend.upload(mirror_.mutable_view(), reals.mirror.data());
  if (label_count(config_) > 0) upload_labels(reals);
}

// Both sets of labels in one upload.
void Gan::upload_labels(const RealImages& reals) {
  const int64_t n = reals.count();
  for (const std::span<const int32_t> labels : {reals.labels, reals.g_labels}) {
    PG_CHECK(static_cast<int64_t>(labels.size()) == n, ShapeError, "labels: expected ", n, ", got ",
             labels.size());
  }
  const Shape one{n, 1, 1, label_count(config_)}, both{2 * n, 1, 1, one.c};
  if (!all_labels_ || all_labels_.shape() != both) {
    all_labels_ = Tensor(context_, both, DType::f32, Lifetime::persistent);
    labels_ = all_labels_.alias(one);
    g_labels_ = all_labels_.alias(one, one.numel());
  }
  std::vector<int32_t> labels(reals.labels.begin(), reals.labels.end());
  labels.insert(labels.end(), reals.g_labels.begin(), reals.g_labels.end());
  from_host(all_labels_, one_hot_rows(labels, one.c));
}

void Gan::capture(const Plan& plan) {
  const RandomState before = state_.random_state();
  graph_.reset();
  Capture capture(context_.backend());
  run(plan);
  graph_ = capture.end();
  captured_ = plan;
  per_replay_ = {.latents = state_.latents.position() - before.latents,
                 .mixing = state_.mixing.position() - before.mixing};
  state_.set_random_state(before);
}

void Gan::replay() {
  graph_->replay();
  state_.latents.seek(state_.latents.position() + per_replay_.latents);
  state_.mixing.seek(state_.mixing.position() + per_replay_.mixing);
  for (const auto& [name, store] : state_.networks()) store->flat().note_written();
}

void Gan::run(const Plan& plan) {
  const DeviceFade fade{.resolution = plan.resolution, .alpha = plan.fading ? alpha_ : Tensor{}};
  const Shape latent{plan.count, 1, 1, latent_size(config_)};
  const Tensor z = state_.latents.normal(latent);
  const DiscriminatorLoss d = d_step(fade, z);
  if (plan.steps == Steps::critic_only) {
    stats_.add(d, state_.d_adam, nullptr, state_.g_adam);
    return;
  }
  const bool again = config_.schedule.generator_latents == GeneratorLatents::as_critic;
  const GeneratorLoss g = g_step(fade, again ? z : state_.latents.normal(latent));
  stats_.add(d, state_.d_adam, &g, state_.g_adam);
}

// Random numbers are drawn for the whole minibatch, so parts do not change them.
DiscriminatorLoss Gan::d_step(const DeviceFade& fade, const Tensor& z) {
  const Tensor mix = state_.mixing.uniform({z.shape().n});
  DiscriminatorLoss loss;
  for (const MicroBatch& part : micro_batches(config_, fade.resolution, z.shape().n)) {
    add_share(loss, d_part(fade, part, z, mix));
  }
  state_.d_adam.step(fade.resolution);
  return loss;
}

DiscriminatorLoss Gan::d_part(const DeviceFade& fade, const MicroBatch& part, const Tensor& z,
                              const Tensor& mix) {
  const Tensor labels = part.of(labels_);
  const DiscriminatorInputs inputs{.images = d_images(fade, part, part.of(z), labels),
                                   .mix = part.of(mix),
                                   .labels = labels,
                                   .part = place_of(part)};
  return discriminator_gradients(config_, state_.discriminator, state_.d, fade, inputs,
                                 state_.d_adam.gradients(fade.resolution));
}

// Real images and fakes in one tensor, as the discriminator reads them.
Tensor Gan::d_images(const DeviceFade& fade, const MicroBatch& part, const Tensor& z,
                     const Tensor& labels) {
  const Tensor bytes = part.of(images_);
  const bool fade_here = config_.schedule.fade_reals == RealFade::exact;
  const Shape& s = bytes.shape();
  const Tensor images(context_, {2 * s.n, s.h, s.w, s.c},
                      activation_dtype(config_.train.precision));
  ops::images_to_float(images.alias(s), bytes, part.of(mirror_), fade_here ? fade.alpha : Tensor{});
  const Weights constants(state_.g, fade.resolution);
  ops::copy_into(images.alias(s, s.numel()), state_.generator.forward(constants, z, labels, fade));
  return images;
}

GeneratorLoss Gan::g_step(const DeviceFade& fade, const Tensor& z) {
  GanState& s = state_;
  GeneratorLoss loss;
  for (const MicroBatch& part : micro_batches(config_, fade.resolution, z.shape().n)) {
    add_share(loss, generator_gradients(
                        config_, s.generator, s.g, s.discriminator, s.d, fade,
                        {.z = part.of(z), .labels = part.of(g_labels_), .part = place_of(part)},
                        s.g_adam.gradients(fade.resolution)));
  }
  s.g_adam.step(fade.resolution);
  return loss;
}

}  // namespace pg
