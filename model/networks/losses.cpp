// losses.cpp: the losses of both networks.
//
// Scores and each penalty use separate tapes, one after the other, that add to the same gradients:
// the activations of one are freed before the next starts.
#include "model/networks/losses.h"

#include <array>

#include "engine/ops/ops.h"

namespace pg {
namespace {

struct Critic {
  const Config& config;
  const Discriminator& d;
  const ParameterStore& parameters;
  const DeviceFade& fade;

  DiscriminatorOutput operator()(const Weights& w, const Tensor& images, const Tensor& labels,
                                 int64_t batches) const {
    return d.forward(w, images, labels, fade, batches);
  }
};

// The contribution of n images to the mean over the minibatch.
Tensor share_of(const MinibatchPart& part, const Tensor& mean, int64_t n) {
  if (part.minibatch == 0 || part.minibatch == n) return mean;
  return ops::affine(mean, static_cast<double>(n) / static_cast<double>(part.minibatch), 0.0);
}

// The mean over n images as a share of the minibatch, or their sum, see loss.reduction.
Tensor reduced(const Config& config, const MinibatchPart& part, const Tensor& mean, int64_t n) {
  if (config.loss.reduction == Reduction::mean) return share_of(part, mean, n);
  return ops::affine(mean, static_cast<double>(n), 0.0);
}

// The mean adversarial loss of D over the scores of n real images, then n fakes, without
// penalties; the first two terms are those of fakes and real images.
std::vector<MeanTerm> critic_terms(const LossConfig& l, int64_t n) {
  MeanTerm fake{.first = n, .count = n}, real{.first = 0, .count = n, .sign = -1.0};
  if (l.kind == LossKind::logistic) fake.f = real.f = MeanOf::softplus;
  if (l.kind == LossKind::hinge) {
    fake.f = real.f = MeanOf::relu;
    fake.shift = real.shift = 1.0;
  }
  if (l.kind == LossKind::lsgan) {
    fake.f = real.f = MeanOf::square;
    fake.weight = real.weight = 0.5;
    real.shift = 1.0;
  }
  std::vector<MeanTerm> terms = {fake, real};
  if (l.drift_epsilon > 0.0) {
    terms.push_back({.first = 0, .count = n, .f = MeanOf::square, .weight = l.drift_epsilon});
  }
  return terms;
}

MeanTerm generator_term(LossKind kind, int64_t n) {
  MeanTerm fake{.first = 0, .count = n, .sign = -1.0};
  if (kind == LossKind::logistic) fake.f = MeanOf::softplus;
  if (kind == LossKind::lsgan) {
    fake.f = MeanOf::square;
    fake.shift = 1.0;
    fake.weight = 0.5;
  }
  return fake;
}

// Mean over the rows of label_weight times the cross-entropy.
Tensor label_term(const Config& config, const Tensor& logits, const Tensor& labels) {
  const Tensor chosen = ops::sum_to(ops::mul(logits, labels), {logits.shape().n, 1, 1, 1});
  const Tensor entropy = ops::mean(ops::sub(log_sum_exp(logits), chosen));
  return ops::affine(entropy, config.loss.label_weight, 0.0);
}

void add_to(Tensor& sum, const Tensor& term) { sum = sum ? ops::add(sum, term) : term; }

// Everything except the gradient penalties.
void score_gradients(const Critic& c, const DiscriminatorInputs& in, std::span<const Tensor> into,
                     DiscriminatorLoss& loss) {
  const int64_t n = in.count();
  Tape tape(in.images.context());
  const Weights w(c.parameters, c.fade.resolution, tape);
  const Tensor labels = in.labels ? ops::concat_batch(in.labels, in.labels) : Tensor();
  const DiscriminatorOutput out = c(w, in.images, labels, 2);
  const ops::MeanLoss scores = ops::mean_loss(out.score, critic_terms(c.config.loss, n));
  loss.fake_score = scores.means.alias({}, 0);
  loss.real_score = scores.means.alias({}, 1);
  loss.total = scores.loss;
  // Twice the mean over both halves is the sum of the means of each.
  if (out.logits) {
    add_to(loss.total, ops::affine(label_term(c.config, out.logits, labels), 2.0, 0.0));
  }
  tape.grad_into(reduced(c.config, in.part, loss.total, n), w.all(), {}, into, in.part.gradients,
                 in.part.unreached);
}

// Factor of the gradient norm at the current resolution.
double norm_scale(const Critic& c) {
  if (c.config.loss.gp_space == GpSpace::current) return 1.0;
  return static_cast<double>(c.fade.resolution) / static_cast<double>(c.config.model.resolution);
}

struct Penalty {
  Tensor value;  // mean over the minibatch
  Tensor norm;   // mean gradient norm (of mixed images)
};

// Adds to `into` the gradient of the mean of the term of ||grad_x D(images)||^2.
Penalty penalty_gradients(const Critic& c, const Tensor& images, const DiscriminatorInputs& in,
                          std::span<const Tensor> into, MeanTerm term) {
  Tape tape(images.context());
  const Weights w(c.parameters, c.fade.resolution, tape);
  const Tensor x = tape.watch(images);
  const Tensor scores = c(w, x, in.labels, 1).score;
  const Tensor g = tape.grad(scores, std::span(&x, 1), {}, GradMode::record)[0];
  term.count = g.shape().n;
  const ops::MeanLoss p = ops::mean_loss(ops::sum_squares(g), std::span(&term, 1));
  tape.grad_into(reduced(c.config, in.part, p.loss, term.count), w.all(), {}, into,
                 Accumulate::add);
  return {.value = p.loss, .norm = p.means};
}

Penalty mixed_penalty(const Critic& c, const DiscriminatorInputs& in,
                      std::span<const Tensor> into) {
  const LossConfig& l = c.config.loss;
  const Tensor real = in.real(), fake = in.fake();
  const bool from_real = l.gp_mix == GpMix::real_to_fake;
  const Tensor mixed = ops::lerp(from_real ? real : fake, from_real ? fake : real, in.mix);
  return penalty_gradients(c, mixed, in, into,
                           {.f = MeanOf::square,
                            .root = true,
                            .scale = norm_scale(c),
                            .shift = -l.gp_target,
                            .weight = l.gp_lambda / (l.gp_target * l.gp_target)});
}

Penalty r1_penalty(const Critic& c, const DiscriminatorInputs& in, std::span<const Tensor> into) {
  const double weight = 0.5 * c.config.loss.r1_gamma * norm_scale(c) * norm_scale(c);
  return penalty_gradients(c, in.real(), in, into, {.weight = weight});
}

std::array<Tensor*, 5> means_of(DiscriminatorLoss& l) {
  return {&l.real_score, &l.fake_score, &l.gradient_norm, &l.penalty, &l.total};
}

std::array<Tensor*, 2> means_of(GeneratorLoss& l) { return {&l.fake_score, &l.total}; }

template <typename Loss>
void add_means(Loss& sum, Loss share) {
  const auto sums = means_of(sum), shares = means_of(share);
  for (size_t i = 0; i < sums.size(); ++i) add_to(*sums[i], *shares[i]);
}

}  // namespace

void add_penalties(const Config& config, const Discriminator& d, const ParameterStore& parameters,
                   const DeviceFade& fade, const DiscriminatorInputs& inputs,
                   std::span<const Tensor> into, DiscriminatorLoss& loss) {
  const Critic critic{config, d, parameters, fade};
  if (config.loss.gp_lambda > 0.0) {
    const Penalty p = mixed_penalty(critic, inputs, into);
    loss.penalty = p.value;
    loss.gradient_norm = p.norm;
  }
  if (config.loss.r1_gamma > 0.0) add_to(loss.penalty, r1_penalty(critic, inputs, into).value);
}

DiscriminatorLoss discriminator_gradients(const Config& config, const Discriminator& d,
                                          const ParameterStore& parameters, const DeviceFade& fade,
                                          const DiscriminatorInputs& inputs,
                                          std::span<const Tensor> into) {
  const Critic critic{config, d, parameters, fade};
  DiscriminatorLoss loss;
  score_gradients(critic, inputs, into, loss);
  add_penalties(config, d, parameters, fade, inputs, into, loss);
  if (loss.penalty) add_to(loss.total, loss.penalty);
  for (Tensor* absent : {&loss.gradient_norm, &loss.penalty}) {
    if (!*absent) *absent = full({}, 0.0, loss.total);
  }
  const int64_t n = inputs.count();
  for (Tensor* mean : means_of(loss)) *mean = share_of(inputs.part, *mean, n);
  return loss;
}

GeneratorLoss generator_gradients(const Config& config, const Generator& g,
                                  const ParameterStore& g_parameters, const Discriminator& d,
                                  const ParameterStore& d_parameters, const DeviceFade& fade,
                                  const GeneratorInputs& inputs, std::span<const Tensor> into) {
  Tape tape(inputs.z.context());
  const Weights w(g_parameters, fade.resolution, tape);
  const Weights critic(d_parameters, fade.resolution);
  const Tensor fake = g.forward(w, inputs.z, inputs.labels, fade);
  const DiscriminatorOutput out = d.forward(critic, fake, inputs.labels, fade, 1);
  const int64_t n = fake.shape().n;
  const MeanTerm term = generator_term(config.loss.kind, n);
  const ops::MeanLoss score = ops::mean_loss(out.score, std::span(&term, 1));
  GeneratorLoss loss{.fake_score = score.means, .total = score.loss};
  if (out.logits) add_to(loss.total, label_term(config, out.logits, inputs.labels));
  tape.grad_into(reduced(config, inputs.part, loss.total, n), w.all(), {}, into,
                 inputs.part.gradients, inputs.part.unreached);
  for (Tensor* mean : means_of(loss)) *mean = share_of(inputs.part, *mean, n);
  return loss;
}

void add_share(DiscriminatorLoss& sum, const DiscriminatorLoss& share) { add_means(sum, share); }
void add_share(GeneratorLoss& sum, const GeneratorLoss& share) { add_means(sum, share); }

// In pairs, log(e^a + e^b) = a + softplus(b - a).
Tensor log_sum_exp(const Tensor& x) {
  const int64_t c = x.shape().c, half = c / 2;
  if (c == 1) return x;
  const Tensor a = ops::take_channels(x, 0, half), b = ops::take_channels(x, half, half);
  const Tensor pairs = log_sum_exp(ops::add(a, ops::softplus(ops::sub(b, a))));
  if (c % 2 == 0) return pairs;
  const Tensor odd = ops::take_channels(x, c - 1, 1);
  return ops::add(pairs, ops::softplus(ops::sub(odd, pairs)));
}

}  // namespace pg
