// losses.h: the training losses and their gradients with respect to the parameters.
#pragma once

#include "model/discriminator.h"
#include "model/generator.h"

namespace pg {

// Which stage a step trains: images are [N, resolution, resolution, channels]; alpha (device
// scalar) is the weight of this resolution during a fade-in, empty when stable.
struct StageView {
  int64_t resolution = 4;
  Tensor alpha;
};

// Means over the minibatch, device scalars of the step arena.
struct DiscriminatorLoss {
  Tensor real_score, fake_score;
  Tensor gradient_norm;  // of the scores at mixed images, as the penalty measures it
  Tensor penalty;        // lambda / target^2 * (norm - target)^2
  Tensor drift;          // eps * real_score^2
};

struct DiscriminatorInputs {
  Tensor real, fake;  // [N, R, R, C]
  Tensor mix;         // [N, 1, 1, 1], uniform in [0, 1): mixed = real + (fake - real) * mix
};

// Leaves the gradient of the WGAN-GP critic loss in into[i] (ParameterStore::views order):
//
//   mean (or sum, loss.reduction) over the minibatch of  f - r + lambda / target^2 (||grad_x
//   D(mixed)|| - target)^2 + eps r^2
//
// with r, f the scores of real and fake images. With gp_space = full the norm is that of the final
// resolution: norm / (final / current resolution), as the official version measures it. Real, fake
// and mixed images see separate minibatch statistics. Sources: PGGAN section 3 and appendix A;
// gradient penalty, Gulrajani et al. 2017.
DiscriminatorLoss discriminator_gradients(const Config& config, const Discriminator& d,
                                          const ParameterStore& parameters, const StageView& stage,
                                          const DiscriminatorInputs& inputs,
                                          std::span<const Tensor> into);

// Leaves the gradient of mean(-D(G(z))) (or the sum) with respect to G's parameters in into[i];
// returns the mean score of the fakes.
struct GeneratorInputs {
  Tensor z;  // [N, 1, 1, latent_size]
};
Tensor generator_gradients(const Config& config, const Generator& g,
                           const ParameterStore& g_parameters, const Discriminator& d,
                           const ParameterStore& d_parameters, const StageView& stage,
                           const GeneratorInputs& inputs, std::span<const Tensor> into);

}  // namespace pg
