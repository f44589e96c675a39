// losses.h: the training losses and their gradients with respect to the parameters.
#pragma once

#include "model/networks/discriminator.h"
#include "model/networks/generator.h"

namespace pg {

// Means over the minibatch (for a part of it: the part's share), device scalars in the step arena.
struct DiscriminatorLoss {
  Tensor real_score, fake_score;
  Tensor gradient_norm;  // of the scores at mixed images; 0 if gp_lambda is 0
  Tensor penalty;        // both gradient penalties
  Tensor total;
};

// For images that are a part of a minibatch (micro_batch.h): their share of gradients and means,
// and whether the gradients are added to those of other parts.
struct MinibatchPart {
  int64_t minibatch = 0;  // images of all parts; 0: the images given are all
  Accumulate gradients = Accumulate::overwrite;
  Unreached unreached = Unreached::clear;  // gradients of weights that the networks do not use
};

struct DiscriminatorInputs {
  Tensor images;  // [2N, R, R, C]: real images, then fakes; of parameters' or activations' type
  Tensor mix;     // [N, 1, 1, 1], uniform in [0, 1), of parameters' type
  Tensor labels;  // one-hot [N, 1, 1, K] of real images and fakes; empty: none
  MinibatchPart part{};

  int64_t count() const { return images.shape().n / 2; }  // N
  Tensor real() const { return half(0); }
  Tensor fake() const { return half(images.numel() / 2); }

 private:
  Tensor half(int64_t first) const {
    const Shape& s = images.shape();
    return images.alias({count(), s.h, s.w, s.c}, first);
  }
};

// Writes the gradient of the critic's loss to into[i] (in the order of ParameterStore::views): the
// mean (or sum, see loss.reduction) over the minibatch of
//
//   wgan-gp   f - r                              logistic  softplus(f) + softplus(-r)
//   hinge     max(0, 1 - r) + max(0, 1 + f)      lsgan     ((r - 1)^2 + f^2) / 2
//
//   + drift_epsilon r^2 + lambda / target^2 (||grad_x D(mixed)|| - target)^2
//   + r1_gamma / 2 ||grad_x D(real)||^2 + label_weight (CE(real) + CE(fake))
//
// with r, f the scores of real and fake images, mixed = real + (fake - real) mix (gp_mix =
// real_to_fake) or fake + (real - fake) mix, and CE the cross-entropy of class scores (acgan). If
// gp_space = full, both norms are those at the final resolution, norm * current / final resolution,
// as the official version measures them. Real, fake and mixed images have separate minibatch
// statistics. Sources: PGGAN section 3 and appendix A; gradient penalty, Gulrajani et al. 2017; R1,
// Mescheder et al. 2018; hinge, Lim and Ye 2017; least squares, Mao et al. 2017; AC-GAN, Odena et
// al. 2017.
DiscriminatorLoss discriminator_gradients(const Config& config, const Discriminator& d,
                                          const ParameterStore& parameters, const DeviceFade& fade,
                                          const DiscriminatorInputs& inputs,
                                          std::span<const Tensor> into);

// Its gradient penalties alone: adds their gradients to into[i] and sets loss.penalty and
// loss.gradient_norm if there are any.
void add_penalties(const Config& config, const Discriminator& d, const ParameterStore& parameters,
                   const DeviceFade& fade, const DiscriminatorInputs& inputs,
                   std::span<const Tensor> into, DiscriminatorLoss& loss);

struct GeneratorInputs {
  Tensor z;       // [N, 1, 1, latent_size]
  Tensor labels;  // one-hot [N, 1, 1, K]; empty: none
  MinibatchPart part{};
};

struct GeneratorLoss {
  Tensor fake_score, total;  // means
};

// Writes the gradient of the generator's loss with respect to its parameters to into[i]: the mean
// (or sum) of -f (wgan-gp, hinge), softplus(-f) (logistic) or (f - 1)^2 / 2 (lsgan), plus
// label_weight CE(fake).
GeneratorLoss generator_gradients(const Config& config, const Generator& g,
                                  const ParameterStore& g_parameters, const Discriminator& d,
                                  const ParameterStore& d_parameters, const DeviceFade& fade,
                                  const GeneratorInputs& inputs, std::span<const Tensor> into);

// Adds the shares of two parts of a minibatch.
void add_share(DiscriminatorLoss& sum, const DiscriminatorLoss& share);
void add_share(GeneratorLoss& sum, const GeneratorLoss& share);

// log(sum over c of exp(x[n,c])), [N, 1, 1, C] -> [N, 1, 1, 1], without overflow.
Tensor log_sum_exp(const Tensor& x);

}  // namespace pg
