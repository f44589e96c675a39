// presets.cpp: the published variants.
//
// Each is a function that sets its differences from official-tf, the member initialisers of Config.
#include <span>

#include "kernels/error.h"
#include "model/config/config.h"
#include "model/config/suggest.h"

namespace pg {

namespace {

struct Preset {
  std::string_view name;
  void (*apply)(Config&);
};

constexpr double kSqrt2 = 1.4142135623730951;
constexpr int64_t kWholeMinibatch = 65536;

void official_tf(Config&) {}

// The official version's schedules for several GPUs, and its first release.
void official_tf_2gpu(Config& c) {
  c.schedule.minibatch_base = 8;
  c.schedule.minibatch = {{4, 256}, {8, 256}, {16, 128}, {32, 64}, {64, 32}, {128, 16}, {256, 8}};
  c.optimizer.learning_rate = {{512, 1.5e-3}, {1024, 2e-3}};
}

void official_tf_4gpu(Config& c) {
  c.schedule.minibatch_base = 16;
  c.schedule.minibatch = {{4, 512}, {8, 256}, {16, 128}, {32, 64}, {64, 32}, {128, 16}};
  c.optimizer.learning_rate = {{256, 1.5e-3}, {512, 2e-3}, {1024, 3e-3}};
}

void official_tf_8gpu(Config& c) {
  c.schedule.minibatch_base = 32;
  c.schedule.minibatch = {{4, 512}, {8, 256}, {16, 128}, {32, 64}, {64, 32}};
  c.optimizer.learning_rate = {{128, 1.5e-3}, {256, 2e-3}, {512, 3e-3}, {1024, 3e-3}};
}

void official_tf_v1(Config& c) {
  c.model.mbstd_group_size = 16;
  c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 800.0;
  c.schedule.total_kimg = 19000.0;
  c.schedule.minibatch_base = 16;
  c.schedule.minibatch = {{256, 14}, {512, 6}, {1024, 3}};
  c.optimizer.learning_rate.clear();
}

// The Theano version, which produced the paper's results.
void paper(Config& c) {
  official_tf_v1(c);
  c.model.mbstd_group_size = kWholeMinibatch;
  c.model.init = WeightInit::unit_rms;
  c.model.down_order = DownOrder::activation_first;
  c.model.normalize_labels = false;
  c.schedule.minibatch_repeats = 1;
  c.schedule.fade_reals = RealFade::bytes;
  c.optimizer.reset = OptimizerReset::never;
  c.optimizer.rampup_kimg = 40.0;
}

// Settings shared by the PyTorch versions.
void pytorch(Config& c) {
  c.model.first_layer_gain = c.model.to_rgb_gain = c.model.last_gain = kSqrt2;
  c.model.down_order = DownOrder::activation_first;
  c.schedule.total_kimg = 0.0;
  c.schedule.minibatch_repeats = 1;
  c.loss.gp_space = GpSpace::current;
  c.loss.gp_mix = GpMix::fake_to_real;
  c.optimizer.learning_rate.clear();
  c.optimizer.epsilon_form = AdamEpsilon::pytorch;
  c.optimizer.reset = OptimizerReset::never;
}

void gan_zoo(Config& c) {
  pytorch(c);
  c.model.scale_bias = true;
  c.model.first_bias = FirstBias::value;
  c.model.mbstd_order = GroupOrder::contiguous;
  c.model.mbstd_variance = Variance::unbiased;
  c.model.mbstd_remainder = GroupRemainder::whole;
  c.model.d_fade_at_8x8 = false;
  c.schedule.unit = ScheduleUnit::iterations;
  c.schedule.stage_length = 96000.0;
  c.schedule.stage_lengths = {{4, 48000.0}, {1024, 200000.0}};
  c.schedule.fade_length = 19200.0;
  c.schedule.alpha_step = 32;
  c.schedule.last_batch = LastBatch::drop;
  c.schedule.minibatch_base = 16;
  c.schedule.minibatch = {{512, 12}, {1024, 8}};
  c.loss.reduction = Reduction::sum;
  c.optimizer.reset = OptimizerReset::new_resolution;
  c.optimizer.average_order = EmaOrder::after_update;
  c.optimizer.average_restart = AverageRestart::new_resolution;
}

void akanimax(Config& c) {
  pytorch(c);
  c.model.fmap_base = 16384;
  c.model.first_pixelnorm = false;
  c.schedule.unit = ScheduleUnit::epochs;
  c.schedule.stage_length = 42.0;
  c.schedule.fade_length = 21.0;
  c.schedule.alpha_offset = 1;
  c.schedule.last_batch = LastBatch::drop;
  c.schedule.minibatch_base = 32;
  c.schedule.minibatch = {{64, 16}, {128, 16}, {256, 8}, {512, 4}, {1024, 2}};
  c.schedule.minibatch_repeats = 4;
  c.schedule.repeat_images = true;
  c.schedule.generator_latents = GeneratorLatents::as_critic;
  c.optimizer.g_learning_rate = c.optimizer.d_learning_rate = 3e-3;
  c.data.mirror = true;
}

void tutorial(Config& c) {
  pytorch(c);
  c.model.fmap_base = 4096;
  c.model.fmap_max = 256;
  c.model.first_pixelnorm = false;
  c.model.first_wscale = false;
  c.model.plain_init = PlainInit::torch;
  c.model.output_activation = OutputActivation::tanh_above_4x4;
  c.model.mbstd_group_size = kWholeMinibatch;
  c.model.mbstd_variance = Variance::unbiased;
  c.model.mbstd_epsilon = 0.0;
  c.model.narrow_at = NarrowAt::first;
  c.schedule.unit = ScheduleUnit::epochs;
  c.schedule.stage_length = 30.0;
  c.schedule.fade_length = 15.0;
  c.schedule.alpha_start = 1e-5;
  c.schedule.last_batch = LastBatch::keep;
  c.schedule.minibatch_base = 16;
  c.schedule.minibatch = {{4, 32}, {8, 32}, {16, 32}, {512, 8}, {1024, 4}};
  c.schedule.generator_latents = GeneratorLatents::as_critic;
  c.schedule.fade_reals = RealFade::none;
  c.optimizer.average_decay = 0.0;
  c.optimizer.average_order = EmaOrder::after_update;
  c.data.mirror = true;
}

// A derivative of the tutorial, with the settings of its README for CelebA-HQ.
void readme_hq(Config& c) {
  tutorial(c);
  c.model.norm_order = NormOrder::norm_first;
  c.model.last_wscale = false;
  c.schedule.stage_length = 10.0;
  c.schedule.fade_length = 5.0;
  c.schedule.minibatch = {{512, 8}, {1024, 4}};
  c.schedule.generator_latents = GeneratorLatents::fresh;
  c.checkpoint.step_images = true;
}

// The published program has only a generator; the critic is that of official-tf.
void exercise(Config& c) {
  c.model.latent_size = 128;
  c.model.normalize_latents = false;
  c.model.use_pixelnorm = false;
  c.model.g_wscale = false;
  c.model.plain_init = PlainInit::torch;
  c.schedule.unit = ScheduleUnit::epochs;
  c.schedule.total_kimg = 0.0;
  c.schedule.stage_length = 20.0;
  c.schedule.fade_length = 10.0;
  c.schedule.last_batch = LastBatch::drop;
  c.loss.gp_space = GpSpace::current;
}

constexpr Preset kPresets[] = {
    {"official-tf", official_tf},
    {"official-tf-2gpu", official_tf_2gpu},
    {"official-tf-4gpu", official_tf_4gpu},
    {"official-tf-8gpu", official_tf_8gpu},
    {"official-tf-v1", official_tf_v1},
    {"paper", paper},
    {"gan-zoo", gan_zoo},
    {"akanimax", akanimax},
    {"tutorial", tutorial},
    {"readme-hq", readme_hq},
    {"exercise", exercise},
};

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& p : kPresets) names.emplace_back(p.name);
  return names;
}

Config preset(std::string_view name) {
  for (const Preset& p : kPresets) {
    if (p.name != name) continue;
    Config config;
    config.train.preset = name;
    p.apply(config);
    return config;
  }
  throw_unknown("preset", name, preset_names());
}

}  // namespace pg
