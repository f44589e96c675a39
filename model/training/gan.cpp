// gan.cpp: construction, one iteration, and the list of state for checkpoints.
#include "model/training/gan.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/ops.h"

namespace pg {
namespace {

// Philox streams of train.seed: no two uses share one.
enum Stream : uint64_t { kInitG = 1, kInitD = 2, kLatents = 3, kMixing = 4, kStreams = 16 };

AdamOptions adam_options(const OptimizerConfig& o) {
  return {.beta1 = o.beta1, .beta2 = o.beta2, .eps = o.epsilon, .epsilon = o.epsilon_form};
}

// What sums_ holds.
enum Sum : size_t {
  kRealScore,
  kFakeScore,
  kPenalty,
  kGradientNorm,
  kDLoss,
  kDFinite,
  kDNorm,
  kGLoss,
  kGFinite,
  kGNorm,
  kSums
};

MinibatchPart place_of(const MicroBatch& part) {
  return {.minibatch = part.minibatch(),
          .gradients = part.first == 0 ? Accumulate::overwrite : Accumulate::add};
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
  TrainingStats s{.iterations = sums.iterations};
  if (sums.iterations == 0) return s;
  std::vector<double> mean = sums.values;
  s.d_skipped = sums.iterations - std::llround(mean[kDFinite]);
  s.g_skipped = sums.g_iterations - std::llround(mean[kGFinite]);
  for (size_t i = 0; i < kSums; ++i) {
    const int64_t n = i < kGLoss ? sums.iterations : sums.g_iterations;
    mean[i] /= static_cast<double>(std::max<int64_t>(n, 1));
  }
  s.real_score = mean[kRealScore];
  s.fake_score = mean[kFakeScore];
  s.penalty = mean[kPenalty];
  s.gradient_norm = mean[kGradientNorm];
  s.d_loss = mean[kDLoss];
  s.g_loss = mean[kGLoss];
  s.d_weight_gradient_norm = mean[kDNorm];
  s.g_weight_gradient_norm = mean[kGNorm];
  return s;
}

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
      alpha_(context, {}, DType::f32, Lifetime::persistent),
      sums_(context, {1, 1, 1, kSums}, DType::f64, Lifetime::persistent) {
  const auto seed = static_cast<uint64_t>(config.train.seed);
  const OptimizerConfig& o = config.optimizer;
  g_->initialize(seed, kInitG);
  d_->initialize(seed, kInitD);
  average_->set_factors(g_->factors());
  restart_average();
  g_adam_ = std::make_unique<Adam>(*g_, adam_options(o), average_.get(),
                                   EmaOptions{.decay = o.average_decay, .order = o.average_order});
  d_adam_ = std::make_unique<Adam>(*d_, adam_options(o));
  reset_stats();
}

// Everything that a captured iteration must find in memory.
void Gan::upload_inputs(const IterationSettings& settings, const RealImages& reals,
                        const Plan& plan) {
  Backend& backend = context_.backend();
  if (plan.fading) from_host(alpha_, std::vector<double>{settings.alpha});
  g_adam_->set_learning_rate(settings.g_learning_rate);
  d_adam_->set_learning_rate(settings.d_learning_rate);
  latents_.begin_step();
  mixing_.begin_step();
  const int64_t r = plan.resolution;
  const Shape shape{plan.count, r, r, config_.model.channels};
  if (!images_ || images_.shape() != shape) {
    graph_.reset();
    images_ = mirror_ = {};
    images_ = Tensor(context_, shape, DType::u8, Lifetime::persistent);
    mirror_ = Tensor(context_, {plan.count}, DType::u8, Lifetime::persistent);
  }
  backend.upload(images_.mut(), reals.images);
  backend.upload(mirror_.mut(), reals.mirror);
  if (label_count(config_) > 0) upload_labels(reals);
}

void Gan::upload_labels(const RealImages& reals) {
  const Shape shape{reals.count, 1, 1, label_count(config_)};
  if (!labels_ || labels_.shape() != shape) {
    labels_ = Tensor(context_, shape, DType::f32, Lifetime::persistent);
    g_labels_ = Tensor(context_, shape, DType::f32, Lifetime::persistent);
  }
  const auto bring = [&](const Tensor& to, const int32_t* labels) {
    PG_ASSERT(labels != nullptr);
    ops::copy_into(to, one_hot(context_, {labels, static_cast<size_t>(reals.count)}, shape.c));
  };
  bring(labels_, reals.labels);
  bring(g_labels_, reals.g_labels);
}

void Gan::iterate(const IterationSettings& settings, const RealImages& reals) {
  const Plan plan{.resolution = settings.resolution,
                  .count = reals.count,
                  .fading = settings.alpha < 1.0 && settings.resolution > 4,
                  .steps = settings.steps};
  if (weights_version() != last_version_) last_ = {};  // loaded from a file, for example
  if (settings.latents == Latents::again) latents_.seek(latents_before_);
  latents_before_ = latents_.position();
  if (plan.resolution != last_.resolution) {
    graph_.reset();  // it holds addresses
    context_.step().trim();
    g_adam_->clear_gradients();
    d_adam_->clear_gradients();
  }
  upload_inputs(settings, reals, plan);
  // The first iteration of a plan makes everything that must not be made while capturing, and
  // leaves transformed filters as the captured one expects them.
  const bool warm = plan == last_ && context_.backend().can_capture();
  if (warm && (!graph_ || plan != captured_)) capture(plan);
  if (warm) {
    replay();
  } else {
    run(plan);
  }
  last_ = plan;
  last_version_ = weights_version();
  ++iterations_;
  if (plan.steps == Steps::both) ++g_iterations_;
}

void Gan::capture(const Plan& plan) {
  const RandomState before = random_state();
  graph_.reset();
  context_.backend().begin_capture();
  run(plan);
  graph_ = context_.backend().end_capture();
  captured_ = plan;
  per_replay_ = {.latents = latents_.position() - before.latents,
                 .mixing = mixing_.position() - before.mixing};
  set_random_state(before);
}

void Gan::replay() {
  graph_->replay();
  latents_.seek(latents_.position() + per_replay_.latents);
  mixing_.seek(mixing_.position() + per_replay_.mixing);
  for (const auto& [name, store] : stores()) store->flat().note_written();
}

void Gan::run(const Plan& plan) {
  const StageView stage{.resolution = plan.resolution, .alpha = plan.fading ? alpha_ : Tensor{}};
  const Shape latent{plan.count, 1, 1, latent_size(config_)};
  const Tensor z = latents_.normal(latent);
  const DiscriminatorLoss d = d_step(stage, z);
  if (plan.steps == Steps::critic_only) {
    collect(d, nullptr);
    return;
  }
  const bool again = config_.schedule.generator_latents == GeneratorLatents::as_critic;
  const GeneratorLoss g = g_step(stage, again ? z : latents_.normal(latent));
  collect(d, &g);
}

// Random numbers are drawn for the whole minibatch, so they are the same however it is computed.
DiscriminatorLoss Gan::d_step(const StageView& stage, const Tensor& z) {
  const Tensor mix = mixing_.uniform({z.shape().n});
  DiscriminatorLoss loss;
  for (const MicroBatch& part : micro_batches(config_, stage.resolution, z.shape().n)) {
    add_share(loss, d_part(stage, part, z, mix));
  }
  d_adam_->step(stage.resolution);
  return loss;
}

DiscriminatorLoss Gan::d_part(const StageView& stage, const MicroBatch& part, const Tensor& z,
                              const Tensor& mix) {
  const Weights constants(*g_, stage.resolution);
  const bool fade_here = config_.schedule.fade_reals == RealFade::exact;
  const Tensor labels = part.of(labels_);
  const DiscriminatorInputs inputs{
      .real = ops::images_to_float(part.of(images_), part.of(mirror_),
                                   fade_here ? stage.alpha : Tensor{}),
      .fake = generator_.forward(constants, part.of(z), labels, stage.resolution, stage.alpha),
      .mix = part.of(mix),
      .labels = labels,
      .part = place_of(part)};
  return discriminator_gradients(config_, discriminator_, *d_, stage, inputs,
                                 d_adam_->gradients(stage.resolution));
}

GeneratorLoss Gan::g_step(const StageView& stage, const Tensor& z) {
  GeneratorLoss loss;
  for (const MicroBatch& part : micro_batches(config_, stage.resolution, z.shape().n)) {
    add_share(loss, generator_gradients(
                        config_, generator_, *g_, discriminator_, *d_, stage,
                        {.z = part.of(z), .labels = part.of(g_labels_), .part = place_of(part)},
                        g_adam_->gradients(stage.resolution)));
  }
  g_adam_->step(stage.resolution);
  return loss;
}

// One launch adds what the iteration found to the sums, in the order of Sum.
void Gan::collect(const DiscriminatorLoss& d, const GeneratorLoss* g) {
  const Tensor &ds = d_adam_->stats_tensor(), &gs = g_adam_->stats_tensor();
  std::vector<Tensor> numbers = {d.real_score, d.fake_score,    d.penalty,      d.gradient_norm,
                                 d.total,      ds.alias({}, 0), ds.alias({}, 1)};
  if (g != nullptr) {
    for (const Tensor& t : {g->total, gs.alias({}, 0), gs.alias({}, 1)}) numbers.push_back(t);
  }
  ops::add_scalars(sums_.alias({1, 1, 1, static_cast<int64_t>(numbers.size())}, 0), numbers);
}

void Gan::reset_stats() {
  from_host(sums_, std::vector<double>(kSums, 0.0));
  iterations_ = g_iterations_ = 0;
}

StatsSums Gan::stats_sums() const { return {iterations_, g_iterations_, to_host(sums_)}; }

void Gan::set_stats_sums(const StatsSums& sums) {
  from_host(sums_, sums.values.empty() ? std::vector<double>(kSums, 0.0) : sums.values);
  iterations_ = sums.iterations;
  g_iterations_ = sums.g_iterations;
}

void Gan::reset_optimizers() {
  g_adam_->reset();
  d_adam_->reset();
}

void Gan::restart_average() { ops::copy_into(average_->flat(), g_->flat()); }

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

std::vector<std::pair<std::string, ParameterStore*>> Gan::stores() const {
  return {{"G", g_.get()}, {"Gs", average_.get()}, {"D", d_.get()}};
}

void Gan::choose_random_stream(int64_t stream) {
  const auto shift = static_cast<uint64_t>(stream) * kStreams;
  latents_.choose_stream(kLatents + shift);
  mixing_.choose_stream(kMixing + shift);
  graph_.reset();  // which draws from the former ones
}

Gan::RandomState Gan::random_state() const {
  return {.latents = latents_.position(),
          .mixing = mixing_.position(),
          .latents_before = latents_before_};
}

void Gan::set_random_state(const RandomState& s) {
  latents_.seek(s.latents);
  mixing_.seek(s.mixing);
  latents_before_ = s.latents_before;
}

}  // namespace pg
