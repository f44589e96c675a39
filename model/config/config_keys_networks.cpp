// config_keys_networks.cpp: the configuration keys of networks, losses and optimizers.
#include "model/config/config_key_table.h"

namespace pg {
namespace {

constexpr KeyRange kGain{1e-6, 1e3};
constexpr KeyRange kLearningRate{0.0, 10.0};
constexpr KeyRange kDecay{0.0, 0.9999999};

}  // namespace

#define PG_MODEL(MEMBER, ...) PG_KEY(model, ModelConfig, MEMBER, __VA_ARGS__)
#define PG_LOSS(MEMBER, ...) PG_KEY(loss, LossConfig, MEMBER, __VA_ARGS__)
#define PG_OPTIMIZER(MEMBER, ...) PG_KEY(optimizer, OptimizerConfig, MEMBER, __VA_ARGS__)

std::vector<Key> shape_keys() {
  return {
      PG_MODEL(resolution, "Final image resolution in pixels; 0: that of the data set.",
               kResolutionRange, KeyForm::power_of_two_or_zero),
      PG_MODEL(channels, "Image channels (1 gray, 3 RGB); 0: those of the data set.", {0, 4}),
      PG_MODEL(latent_size,
               "Length of a latent vector; 0: the number of channels of the first block.",
               {0, 65536}),
      PG_MODEL(fmap_base,
               "Channels of the blocks at resolution R: fmap_base / (R / 2)^fmap_decay, rounded "
               "down, at most fmap_max.",
               {1, 1048576}),
      PG_MODEL(fmap_decay, "See fmap_base; 1 halves the channels when R doubles.", {0, 8}),
      PG_MODEL(fmap_max, "Maximum channels per block.", {1, 8192}),
  };
}

std::vector<Key> layer_keys() {
  return {
      PG_MODEL(normalize_latents, "Normalize latents by pixel norm before the first layer."),
      PG_MODEL(use_pixelnorm,
               "Pixel norm after each convolution of the generator (paper, section 4.2)."),
      PG_MODEL(first_pixelnorm, "Pixel norm after the generator's first layer as well."),
      PG_MODEL(norm_order,
               "Order in the generator: leaky ReLU, then pixel norm (activation_first, the paper), "
               "or the reverse (norm_first)."),
      PG_MODEL(pixelnorm_epsilon, "Added to the mean square in pixel norm.", kEpsilonRange),
      PG_MODEL(use_wscale,
               "Equalized learning rate: weights are scaled at run time by a constant of their "
               "layer (paper, section 4.1)."),
      PG_MODEL(g_wscale, "Equalized learning rate in the generator; needs use_wscale."),
      PG_MODEL(first_wscale,
               "Equalized learning rate in the generator's first layer; needs use_wscale."),
      PG_MODEL(last_wscale,
               "Equalized learning rate in the discriminator's last layer; needs use_wscale."),
      PG_MODEL(scale_bias, "The layer's constant scales its bias as well (gan-zoo)."),
      PG_MODEL(init,
               "Initial equalized weights: N(0, 1) (normal), or N(0, 1) divided by their root mean "
               "square, which moves into the layer's constant (unit_rms, the Theano version)."),
      PG_MODEL(plain_init,
               "Initial weights without equalized learning rate: normal with He's standard "
               "deviation (he), or uniform as in PyTorch (torch)."),
      PG_MODEL(first_bias,
               "Bias of the generator's first layer: one number per channel, or per value of the "
               "4x4 image."),
      PG_MODEL(output_activation,
               "Activation of the generated image, after the blend of the toRGB layers: none, "
               "tanh, or tanh only above 4x4."),
      PG_MODEL(leaky_slope, "Slope of leaky ReLU for negative inputs.", {0.0, 1.0}),
  };
}

std::vector<Key> discriminator_keys() {
  return {
      PG_MODEL(mbstd_group_size,
               "Images per group of minibatch stddev (paper, section 3); 0: no minibatch stddev; "
               "larger than the minibatch: one group.",
               {0, 65536}),
      PG_MODEL(mbstd_order,
               "Group of image n with N images in groups of G: n % (N / G) (strided) or n / G "
               "(contiguous)."),
      PG_MODEL(mbstd_variance, "Divisor of the variance: G (biased) or G - 1 (unbiased)."),
      PG_MODEL(mbstd_epsilon, "Added to the variance before the square root.", kEpsilonRange),
      PG_MODEL(mbstd_remainder,
               "A minibatch that is not a multiple of the group size is rejected (error), or is "
               "one group (whole)."),
      PG_MODEL(narrow_at,
               "The 3x3 convolution of a discriminator block that changes the number of channels: "
               "second (the paper) or first."),
      PG_MODEL(d_fade_at_8x8, "The discriminator fades in 8x8 as well (false: gan-zoo)."),
      PG_MODEL(from_rgb_activation,
               "Leaky ReLU after the fromRGB layers (false: akanimax before 3.0)."),
      PG_MODEL(down_order,
               "Downsampling in the discriminator: before bias and activation of the second "
               "convolution (pool_first, official) or after them (activation_first)."),
  };
}

std::vector<Key> gain_and_label_keys() {
  return {
      PG_MODEL(to_rgb_gain, "Gain of the toRGB layers.", kGain),
      PG_MODEL(last_gain, "Gain of the discriminator's last layer.", kGain),
      PG_MODEL(first_layer_gain, "Gain of the generator's first layer; official: sqrt(2) / 4.",
               kGain),
      PG_MODEL(conditioning,
               "Use of class labels: none, acgan (auxiliary classifier in D) or projection "
               "(projection discriminator)."),
      PG_MODEL(label_size, "Number of classes; 0: that of the data set.", {0, 65536}),
      PG_MODEL(normalize_labels,
               "Labels are appended to latents before their pixel norm (true, official) or after."),
  };
}

std::vector<Key> loss_keys() {
  return {
      PG_LOSS(kind,
              "Loss of both networks; the penalties below are added to any of them. Usual with "
              "logistic: gp_lambda = 0, drift_epsilon = 0, r1_gamma = 10."),
      PG_LOSS(gp_lambda, "Weight of the gradient penalty (WGAN-GP); 0 disables it.", {0.0, 1e6}),
      PG_LOSS(gp_target,
              "Target of the gradient norm; the penalty is gp_lambda * (norm / gp_target - 1)^2.",
              {1e-3, 1e6}),
      PG_LOSS(gp_space,
              "Resolution at which the gradient norm is measured: the final one, as in the "
              "official code (full), or the current one (current)."),
      PG_LOSS(gp_mix,
              "Images of the gradient penalty, with t uniform in [0, 1) for each image: real + t * "
              "(fake - real) (real_to_fake) or fake + t * (real - fake) (fake_to_real)."),
      PG_LOSS(r1_gamma,
              "R1 penalty: r1_gamma / 2 times the squared gradient norm at real images; 0 disables "
              "it.",
              {0.0, 1e6}),
      PG_LOSS(drift_epsilon,
              "Weight of the mean squared score of real images (paper, appendix A.1); 0 disables "
              "it.",
              {0.0, 1e3}),
      PG_LOSS(reduction, "Loss of a minibatch: mean or sum over its images."),
      PG_LOSS(label_weight, "Weight of the cross-entropy of class labels (acgan).", {0.0, 1e6}),
      PG_LOSS(label_column_bug,
              "Reproduces a bug of gan-zoo: class scores start at the critic's own column, and the "
              "last class has none."),
  };
}

std::vector<Key> optimizer_keys() {
  return {
      PG_OPTIMIZER(g_learning_rate, "Learning rate of the generator.", kLearningRate),
      PG_OPTIMIZER(d_learning_rate, "Learning rate of the discriminator.", kLearningRate),
      PG_OPTIMIZER(learning_rate,
                   "Learning rate of both networks, by resolution; overrides the two above.",
                   kLearningRate),
      PG_OPTIMIZER(beta1, "Adam: decay of the first moment.", kDecay),
      PG_OPTIMIZER(beta2, "Adam: decay of the second moment.", kDecay),
      PG_OPTIMIZER(epsilon, "Adam: added to the root of the second moment.", kEpsilonRange),
      PG_OPTIMIZER(epsilon_form,
                   "Adam: epsilon is added before the bias correction of the root (tensorflow) or "
                   "after it (pytorch)."),
      PG_OPTIMIZER(reset,
                   "When Adam's state is reset: at the start and end of each fade (fade_borders), "
                   "at each new resolution, or never."),
      PG_OPTIMIZER(average_decay, "Decay of the EMA of the generator's weights per iteration.",
                   {0.0, 1.0}),
      PG_OPTIMIZER(average_order,
                   "The EMA is updated before G's update (from its old weights) or after it."),
      PG_OPTIMIZER(average_restart,
                   "The EMA restarts from the generator at each new resolution, or never."),
      PG_OPTIMIZER(rampup_kimg,
                   "Thousands of images over which learning rates ramp up from the start of the "
                   "run; 0: none.",
                   kKimgRange),
  };
}

}  // namespace pg
