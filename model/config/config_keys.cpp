// config_keys.cpp: the table of configuration keys.
#include "model/config/config_keys.h"
#include "model/config/config_names.h"

#include <array>
#include <limits>
#include <type_traits>

#include "kernels/error.h"
#include "model/config/suggest.h"

namespace pg {

namespace {

// Names of the enumerators, in their order.
template <typename T>
KeyValue to_value(const T& v) {
  if constexpr (std::is_enum_v<T>) {
    return std::string(kNames<T>[static_cast<size_t>(v)]);
  } else if constexpr (std::is_same_v<T, ByResolution<int64_t>>) {
    std::map<int64_t, double> table;
    for (const auto& [resolution, entry] : v) table[resolution] = static_cast<double>(entry);
    return table;
  } else {
    return v;
  }
}

template <typename T>
void from_value(T& v, const KeyValue& value) {
  if constexpr (std::is_enum_v<T>) {
    const std::string& name = std::get<std::string>(value);
    for (size_t i = 0; i < kNames<T>.size(); ++i) {
      if (kNames<T>[i] == name) v = static_cast<T>(i);
    }
  } else if constexpr (std::is_same_v<T, ByResolution<int64_t>>) {
    v.clear();
    for (const auto& [resolution, entry] : std::get<std::map<int64_t, double>>(value)) {
      v[resolution] = static_cast<int64_t>(entry);
    }
  } else {
    v = std::get<T>(value);
  }
}

template <typename T>
constexpr KeyKind kind_of() {
  if constexpr (std::is_enum_v<T>) return KeyKind::choice;
  if constexpr (std::is_same_v<T, bool>) return KeyKind::flag;
  if constexpr (std::is_same_v<T, int64_t>) return KeyKind::integer;
  if constexpr (std::is_same_v<T, double>) return KeyKind::number;
  if constexpr (std::is_same_v<T, std::string>) return KeyKind::text;
  if constexpr (std::is_same_v<T, ByResolution<int64_t>>) return KeyKind::integer_table;
  if constexpr (std::is_same_v<T, ByResolution<double>>) return KeyKind::number_table;
}

template <auto Section, auto Member>
Key key(std::string path, std::string help, KeyRange range = {}, KeyForm form = KeyForm::any) {
  using T = std::remove_cvref_t<decltype(std::declval<Config&>().*Section.*Member)>;
  Key k;
  k.path = std::move(path);
  k.help = std::move(help);
  k.kind = kind_of<T>();
  k.form = form;
  k.range = range;
  if constexpr (std::is_enum_v<T>) k.names.assign(kNames<T>.begin(), kNames<T>.end());
  k.get = [](const Config& c) { return to_value(c.*Section.*Member); };
  k.set = [](Config& c, const KeyValue& value) { from_value(c.*Section.*Member, value); };
  return k;
}

#define PG_KEY(SECTION, TYPE, MEMBER, ...) \
  key<&Config::SECTION, &TYPE::MEMBER>(#SECTION "." #MEMBER, __VA_ARGS__)
#define PG_MODEL(MEMBER, ...) PG_KEY(model, ModelConfig, MEMBER, __VA_ARGS__)
#define PG_SCHEDULE(MEMBER, ...) PG_KEY(schedule, ScheduleConfig, MEMBER, __VA_ARGS__)
#define PG_LOSS(MEMBER, ...) PG_KEY(loss, LossConfig, MEMBER, __VA_ARGS__)
#define PG_OPTIMIZER(MEMBER, ...) PG_KEY(optimizer, OptimizerConfig, MEMBER, __VA_ARGS__)
#define PG_DATA(MEMBER, ...) PG_KEY(data, DataConfig, MEMBER, __VA_ARGS__)
#define PG_TRAIN(MEMBER, ...) PG_KEY(train, TrainConfig, MEMBER, __VA_ARGS__)
#define PG_CHECKPOINT(MEMBER, ...) PG_KEY(checkpoint, CheckpointConfig, MEMBER, __VA_ARGS__)
#define PG_GUARD(MEMBER, ...) PG_KEY(guard, GuardConfig, MEMBER, __VA_ARGS__)

constexpr KeyRange kResolutions{kMinResolution, kMaxResolution};
constexpr KeyRange kChannels{1, 8192};
constexpr KeyRange kEpsilon{0.0, 1.0};
constexpr KeyRange kGain{1e-6, 1e3};
constexpr KeyRange kKimg{0.0, 1e6};
constexpr KeyRange kSomeKimg{0.001, 1e6};
constexpr KeyRange kLimit{0.0, 1e30};
constexpr KeyRange kLength{1e-6, 1e9};
constexpr KeyRange kMinibatch{1, 65536};
constexpr KeyRange kLearningRate{0.0, 10.0};
constexpr KeyRange kDecay{0.0, 0.9999999};

std::vector<Key> model_keys() {
  return {
      PG_MODEL(resolution, "Final resolution of the images; 0 takes that of the data set.",
               kResolutions, KeyForm::power_of_two_or_zero),
      PG_MODEL(channels, "Colour channels of the images; 0 takes those of the data set.", {0, 4}),
      PG_MODEL(latent_size, "Length of a latent vector; 0 takes the channels of the first block.",
               {0, 65536}),
      PG_MODEL(fmap_base, "Channels of a block at resolution R are about 2 * fmap_base / R.",
               {1, 1048576}),
      PG_MODEL(fmap_decay, "log2 of the factor by which channels fall per doubling of R.", {0, 8}),
      PG_MODEL(fmap_max, "Most channels of any block.", kChannels),
      PG_MODEL(normalize_latents, "Latents are pixel-normalised before the first layer."),
      PG_MODEL(use_pixelnorm, "Pixel norm after each convolution of the generator."),
      PG_MODEL(first_pixelnorm, "Pixel norm also after the first layer of the generator."),
      PG_MODEL(norm_order, "Leaky ReLU, then pixel norm (the paper), or the other way round."),
      PG_MODEL(pixelnorm_epsilon, "Added to the mean square inside pixel norm.", kEpsilon),
      PG_MODEL(use_wscale, "Equalized learning rate: weights are scaled at run time."),
      PG_MODEL(g_wscale, "Equalized learning rate in the generator, where use_wscale."),
      PG_MODEL(first_wscale, "Equalized learning rate in the generator's first layer."),
      PG_MODEL(last_wscale, "Equalized learning rate in the discriminator's last layer."),
      PG_MODEL(scale_bias, "The constant of a layer multiplies its bias as well (GAN zoo)."),
      PG_MODEL(init,
               "Equalized weights start as N(0, 1) (normal) or so divided by their root mean "
               "square, which joins the constant (unit_rms: the Theano version)."),
      PG_MODEL(plain_init,
               "Other weights start as N(0, He's constant^2) (he) or uniformly as PyTorch does "
               "(torch)."),
      PG_MODEL(first_bias, "The first layer's bias is one number per channel, or per value."),
      PG_MODEL(output_activation,
               "What follows the blend of the RGB layers: nothing, tanh, or tanh above 4x4."),
      PG_MODEL(leaky_slope, "Slope of leaky ReLU below zero.", {0.0, 1.0}),
      PG_MODEL(mbstd_group_size,
               "Images in a group of minibatch stddev; 0 leaves it out, more than the minibatch "
               "takes it whole.",
               {0, 65536}),
      PG_MODEL(mbstd_order,
               "Image n of N is in group n % (N / G) (strided) or n / G (contiguous)."),
      PG_MODEL(mbstd_variance, "Divisor of the variance: G (biased) or G - 1 (unbiased)."),
      PG_MODEL(mbstd_epsilon, "Added to the variance under the root.", kEpsilon),
      PG_MODEL(mbstd_remainder,
               "A minibatch that groups do not divide is an error, or one whole group."),
      PG_MODEL(narrow_at, "Convolution of a discriminator block that changes the channels."),
      PG_MODEL(d_fade_at_8x8, "The discriminator fades at 8x8 too (GAN zoo does not)."),
      PG_MODEL(from_rgb_activation,
               "Leaky ReLU after the layers that read RGB (akanimax before 3.0 has none)."),
      PG_MODEL(down_order,
               "Blocks of the discriminator pool before bias and activation, or after."),
      PG_MODEL(to_rgb_gain, "Gain of the layers that make RGB.", kGain),
      PG_MODEL(last_gain, "Gain of the last layer of the discriminator.", kGain),
      PG_MODEL(first_layer_gain, "Gain of the first dense layer; official: sqrt(2) / 4.", kGain),
      PG_MODEL(conditioning,
               "Use of class labels: none, acgan (an auxiliary classifier in D) or projection."),
      PG_MODEL(label_size, "Classes; 0 takes those of the data set.", {0, 65536}),
      PG_MODEL(normalize_labels, "Labels join the latents before pixel norm (true) or after it."),
  };
}

std::vector<Key> schedule_keys() {
  return {
      PG_SCHEDULE(unit,
                  "What stages are measured in: kimg (lod_training_kimg, lod_transition_kimg), or "
                  "iterations or epochs (stage_length, fade_length)."),
      PG_SCHEDULE(lod_initial_resolution, "Resolution that training starts at.", kResolutions,
                  KeyForm::power_of_two),
      PG_SCHEDULE(lod_training_kimg,
                  "Thousands of images at a resolution before the next fades in.", kKimg),
      PG_SCHEDULE(lod_transition_kimg, "Thousands of images that a fade lasts.", kKimg),
      PG_SCHEDULE(total_kimg,
                  "Thousands of images shown until training ends; 0: after the last stage, where "
                  "stages are iterations or epochs.",
                  kKimg),
      PG_SCHEDULE(stage_length, "Iterations or epochs at a resolution, with its fade.", kLength),
      PG_SCHEDULE(stage_lengths, "The same by resolution; goes before stage_length.", kLength),
      PG_SCHEDULE(fade_length, "Iterations or epochs of a stage in which it fades in.", {0.0, 1e9}),
      PG_SCHEDULE(alpha_start, "Fade weight at the first image of a stage.", {0.0, 1.0}),
      PG_SCHEDULE(alpha_step, "Iterations between two fade weights; 0: it follows the images.",
                  {0, 1000000}),
      PG_SCHEDULE(alpha_offset, "Iterations by which the fade weight is ahead.", {0, 1000000}),
      PG_SCHEDULE(last_batch,
                  "The minibatch at the end of an epoch goes on into the next one (across), is "
                  "dropped or is smaller (keep)."),
      PG_SCHEDULE(minibatch_base, "Images in a minibatch at resolutions without an entry below.",
                  kMinibatch),
      PG_SCHEDULE(minibatch, "Images in a minibatch, by resolution.", kMinibatch),
      PG_SCHEDULE(max_minibatch, "Most images in a minibatch at any resolution; 0 sets no limit.",
                  {0, 65536}),
      PG_SCHEDULE(micro_batch,
                  "Images of a minibatch computed at a time, whole groups of minibatch stddev; "
                  "gradients of the parts add up to the same. 0: all.",
                  {0, 65536}),
      PG_SCHEDULE(micro_batches, "The same by resolution; goes before micro_batch.", {0, 65536}),
      PG_SCHEDULE(
          micro_batches_chosen,
          "The program wrote micro_batches because minibatches did not fit into memory, and "
          "may choose others."),
      PG_SCHEDULE(minibatch_repeats,
                  "Minibatches between two looks at the schedule (fade weight, optimizer reset).",
                  {1, 1000}),
      PG_SCHEDULE(tick_kimg_base, "Thousands of images in a tick, where not given below.",
                  kSomeKimg),
      PG_SCHEDULE(tick_kimg, "Thousands of images in a tick, by resolution.", kSomeKimg),
      PG_SCHEDULE(repeat_images, "These minibatches are of the same images and latents."),
      PG_SCHEDULE(n_critic, "Steps of the discriminator for each of the generator.", {1, 1000}),
      PG_SCHEDULE(generator_latents,
                  "The step of the generator draws fresh latents, or takes those of the step of "
                  "the discriminator."),
      PG_SCHEDULE(fade_reals,
                  "Real images fade as the networks do: not at all, exactly, or cut to bytes."),
  };
}

std::vector<Key> loss_keys() {
  return {
      PG_LOSS(kind,
              "Loss of both networks. The penalties below apply to each: logistic usually goes "
              "with gp_lambda = 0, drift_epsilon = 0, r1_gamma = 10."),
      PG_LOSS(gp_lambda, "Weight of the gradient penalty.", {0.0, 1e6}),
      PG_LOSS(gp_target, "Norm that the gradient penalty pulls to.", {1e-3, 1e6}),
      PG_LOSS(gp_space,
              "Gradients are measured on images upscaled to the final resolution (full: what the "
              "official code does) or as they are (current)."),
      PG_LOSS(gp_mix, "t = 0 is the real or the fake image of a mixed pair."),
      PG_LOSS(r1_gamma, "Weight gamma / 2 of the squared gradient norm at real images.",
              {0.0, 1e6}),
      PG_LOSS(drift_epsilon, "Weight of the squared score of real images.", {0.0, 1e3}),
      PG_LOSS(reduction, "Losses of the images of a minibatch are averaged or summed."),
      PG_LOSS(label_weight, "Weight of the cross-entropy of class labels (acgan).", {0.0, 1e6}),
      PG_LOSS(label_column_bug,
              "Class scores begin at the critic's own column, as in GAN zoo, where the last class "
              "therefore has no score."),
  };
}

std::vector<Key> optimizer_keys() {
  return {
      PG_OPTIMIZER(g_learning_rate, "Learning rate of the generator.", kLearningRate),
      PG_OPTIMIZER(d_learning_rate, "Learning rate of the discriminator.", kLearningRate),
      PG_OPTIMIZER(learning_rate,
                   "Learning rate of both networks, by resolution; goes before the two above.",
                   kLearningRate),
      PG_OPTIMIZER(beta1, "Adam: decay of the mean of gradients.", kDecay),
      PG_OPTIMIZER(beta2, "Adam: decay of the mean of squared gradients.", kDecay),
      PG_OPTIMIZER(epsilon, "Adam: added to the root.", kEpsilon),
      PG_OPTIMIZER(
          epsilon_form,
          "Epsilon is added before (tensorflow) or after (pytorch) the correction of bias."),
      PG_OPTIMIZER(
          reset,
          "Adam starts anew where a fade begins and ends, at each new resolution, or never."),
      PG_OPTIMIZER(average_decay, "Decay of the averaged generator per minibatch.", {0.0, 1.0}),
      PG_OPTIMIZER(average_order, "The averaged generator is updated before or after a step of G."),
      PG_OPTIMIZER(average_restart,
                   "The averaged generator starts anew from G at each new resolution, or never."),
      PG_OPTIMIZER(rampup_kimg, "Thousands of images over which learning rates rise; 0: none.",
                   kKimg),
  };
}

std::vector<Key> data_keys() {
  return {
      PG_DATA(path, "Image folder, archive or data set to train on."),
      PG_DATA(images, "Images in the data set, counted by epochs; 0 takes them from it.",
              {0.0, 1e12}),
      PG_DATA(mirror, "Images are mirrored left to right at random."),
      PG_DATA(cache_folder, "Folder for the resized images; empty takes the default place."),
      PG_DATA(fit,
              "How images are made square: centre crop, zeros around, or stretched; auto pads idx "
              "files and crops all others."),
  };
}

std::vector<Key> train_keys() {
  return {
      PG_TRAIN(preset, "Published variant that all other keys started from."),
      PG_TRAIN(seed, "Seed of every random number.",
               {0.0, static_cast<double>(std::numeric_limits<int64_t>::max())}),
      PG_TRAIN(device, "Device to train on; auto takes CUDA where a device answers.", {},
               KeyForm::device),
      PG_TRAIN(precision,
               "Arithmetic of the convolutions (auto: tf32 on a GPU, fp32 on the CPU); sums and "
               "parameters stay fp32."),
      PG_TRAIN(kernels,
               "Convolutions and matrix products on a GPU: own, vendor (cuDNN and cuBLASLt where "
               "installed) or fastest (timed once for each shape)."),
      PG_TRAIN(threads, "Threads of the CPU backend; 0 takes all cores.", {0, 4096}),
      PG_TRAIN(memory_limit,
               "Memory of the device that training may take, such as 4GB or 512MiB; empty: what is "
               "free. Minibatches that need more are computed in parts.",
               {}, KeyForm::bytes),
      PG_TRAIN(image_grid, "Rows x columns of the sample images.", {}, KeyForm::grid),
      PG_TRAIN(out, "Folder that run folders are made in."),
      PG_TRAIN(name, "Name of the run folder; empty makes one of data set, preset and resolution."),
  };
}

std::vector<Key> checkpoint_keys() {
  return {
      PG_CHECKPOINT(every_kimg, "Thousands of images between checkpoints.", kSomeKimg),
      PG_CHECKPOINT(images_every_kimg,
                    "Thousands of images between sample images; 0: at every tick.", kKimg),
      PG_CHECKPOINT(every_minutes,
                    "Minutes between writes of latest.safetensors, from which a killed run goes "
                    "on; 0 writes it at the start and at a stop only.",
                    {0.0, 1e6}),
      PG_CHECKPOINT(keep, "Latest checkpoints that are kept; 0 keeps all.", {0, 1000000}),
      PG_CHECKPOINT(keep_finished,
                    "Keeps a checkpoint of each finished resolution for good "
                    "(finished-16x16.safetensors)."),
      PG_CHECKPOINT(best_of,
                    "A number of stats.jsonl: best.safetensors is the checkpoint of the tick where "
                    "it was lowest; empty keeps none."),
      PG_CHECKPOINT(step_images, "Writes generated_imageK.png after each resolution."),
  };
}

std::vector<Key> guard_keys() {
  return {
      PG_GUARD(action,
               "When training diverges: go on (skip, the official way), go back to the last good "
               "checkpoint with other random numbers and a lower learning rate (rollback), or end "
               "(stop)."),
      PG_GUARD(every, "Iterations between two looks at whether it does.", {1, 1000000}),
      PG_GUARD(max_skipped,
               "Steps between two looks that may be left out because a gradient was not finite.",
               {0, 1000000}),
      PG_GUARD(max_gradient_norm,
               "Largest mean gradient norm of the penalty, in multiples of loss.gp_target where "
               "that is above 1; 0: no limit.",
               kLimit),
      PG_GUARD(max_score_gap, "Largest gap between mean scores of real and fake images, likewise.",
               kLimit),
      PG_GUARD(max_weight, "Largest root mean square of a network's weights; 0: no limit.", kLimit),
      PG_GUARD(max_update, "Longest step by the norm of the weights; 0: no limit.", kLimit),
      PG_GUARD(tries, "Rollbacks before the run ends.", {0, 1000}),
      PG_GUARD(learning_rate_factor, "Learning rates are multiplied by this at each rollback.",
               {1e-6, 1.0}),
  };
}

std::vector<Key> all_keys() {
  std::vector<Key> all;
  for (auto section : {model_keys, schedule_keys, loss_keys, optimizer_keys, data_keys, train_keys,
                       checkpoint_keys, guard_keys}) {
    for (Key& k : section()) all.push_back(std::move(k));
  }
  return all;
}

}  // namespace

std::span<const Key> keys() {
  static const std::vector<Key> table = all_keys();
  return table;
}

const Key* find_key(std::string_view path) {
  for (const Key& k : keys()) {
    if (k.path == path) return &k;
  }
  return nullptr;
}

void throw_unknown_key(std::string_view path) {
  std::vector<std::string> names;
  for (const Key& k : keys()) names.push_back(k.path);
  const std::string nearest = nearest_name(path, names);
  if (!nearest.empty()) {
    throw UsageError(message("unknown key '", path, "': did you mean '", nearest, "'?"));
  }
  throw UsageError(
      message("unknown key '", path, "'; `progan_cuda config --describe` lists them all"));
}

}  // namespace pg
