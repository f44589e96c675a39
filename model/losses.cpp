// losses.cpp: WGAN-GP with drift.
//
// The scores of real and fake images and the penalty are two tapes, one after the other, that add
// to the same gradients: the activations of the first are gone before the second begins.
#include "model/losses.h"

#include "engine/ops.h"

namespace pg {
namespace {

struct Critic {
  const Config& config;
  const Discriminator& d;
  const ParameterStore& parameters;
  const StageView& stage;
};

// The mean over n images, or their sum, as loss.reduction says.
Tensor reduced(const Config& config, const Tensor& mean, int64_t n) {
  return config.loss.reduction == Reduction::mean ? mean
                                                  : ops::affine(mean, static_cast<double>(n), 0.0);
}

// Mean of f - r + eps r^2.
void score_gradients(const Critic& c, const DiscriminatorInputs& in, std::span<const Tensor> into,
                     DiscriminatorLoss& loss) {
  const int64_t n = in.real.shape().n;
  Tape tape(in.real.context());
  const Weights w(c.parameters, c.stage.resolution, tape);
  const Tensor scores =
      c.d.forward(w, ops::concat_batch(in.real, in.fake), c.stage.resolution, c.stage.alpha, 2);
  const Tensor real = ops::slice_batch(scores, 0, n), fake = ops::slice_batch(scores, n, n);
  loss.real_score = ops::mean(real);
  loss.fake_score = ops::mean(fake);
  loss.drift = ops::affine(ops::mean(ops::square(real)), c.config.loss.drift_epsilon, 0.0);
  const Tensor total = ops::add(ops::sub(loss.fake_score, loss.real_score), loss.drift);
  tape.grad_into(reduced(c.config, total, n), w.all(), {}, into);
}

// Mean of the gradient penalty; adds to `into`.
void penalty_gradients(const Critic& c, const DiscriminatorInputs& in, std::span<const Tensor> into,
                       DiscriminatorLoss& loss) {
  const LossConfig& l = c.config.loss;
  const double shrink =
      l.gp_space == GpSpace::full
          ? static_cast<double>(c.stage.resolution) / static_cast<double>(c.config.model.resolution)
          : 1.0;
  const Tensor mixed_constant = ops::lerp(in.real, in.fake, in.mix);
  Tape tape(in.real.context());
  const Weights w(c.parameters, c.stage.resolution, tape);
  const Tensor mixed = tape.watch(mixed_constant);
  const Tensor scores = c.d.forward(w, mixed, c.stage.resolution, c.stage.alpha, 1);
  const Tensor g = tape.grad(scores, std::span(&mixed, 1), {}, GradMode::record)[0];
  const Tensor norm =
      ops::affine(ops::sqrt(ops::sum_to(ops::square(g), {g.shape().n, 1, 1, 1})), shrink, 0.0);
  const Tensor excess = ops::square(ops::affine(norm, 1.0, -l.gp_target));
  loss.gradient_norm = ops::mean(norm);
  loss.penalty = ops::affine(ops::mean(excess), l.gp_lambda / (l.gp_target * l.gp_target), 0.0);
  tape.grad_into(reduced(c.config, loss.penalty, g.shape().n), w.all(), {}, into, Accumulate::add);
}

}  // namespace

DiscriminatorLoss discriminator_gradients(const Config& config, const Discriminator& d,
                                          const ParameterStore& parameters, const StageView& stage,
                                          const DiscriminatorInputs& inputs,
                                          std::span<const Tensor> into) {
  const Critic critic{config, d, parameters, stage};
  DiscriminatorLoss loss;
  score_gradients(critic, inputs, into, loss);
  penalty_gradients(critic, inputs, into, loss);
  return loss;
}

Tensor generator_gradients(const Config& config, const Generator& g,
                           const ParameterStore& g_parameters, const Discriminator& d,
                           const ParameterStore& d_parameters, const StageView& stage,
                           const GeneratorInputs& inputs, std::span<const Tensor> into) {
  Tape tape(inputs.z.context());
  const Weights w(g_parameters, stage.resolution, tape);
  const Weights critic(d_parameters, stage.resolution);
  const Tensor fake = g.forward(w, inputs.z, stage.resolution, stage.alpha);
  const Tensor score = ops::mean(d.forward(critic, fake, stage.resolution, stage.alpha, 1));
  const Tensor loss = ops::affine(score, -1.0, 0.0);
  tape.grad_into(reduced(config, loss, fake.shape().n), w.all(), {}, into);
  return score;
}

}  // namespace pg
