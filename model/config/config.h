// config.h: the settings of a training run, and the functions that read, change and check them.
//
// The member initialisers are the preset `official-tf` (the published one-GPU configuration). One
// table of keys (config_keys.h) drives reading, writing, --set, --describe and all messages: a new
// member needs a line here and a line there. Keys are "section.member" as spelled here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "data/images/fit.h"
#include "kernels/choices.h"
#include "model/config/grid_size.h"

namespace pg {

// Values by resolution; the base value applies to resolutions missing from the table.
template <typename T>
using ByResolution = std::map<int64_t, T>;

enum class NormOrder { activation_first, norm_first };  // of leaky ReLU and pixel norm in G
enum class FirstBias { channel, value };                // per channel, or per channel and pixel
enum class WeightInit { normal, unit_rms };  // N(0, 1), or that over its root mean square
enum class PlainInit { he, torch };          // of layers without equalized learning rate
enum class OutputActivation { none, tanh, tanh_above_4x4 };
enum class Conditioning { none, acgan, projection };
enum class DownOrder { pool_first, activation_first };  // in a block of D, after the convolution
enum class NarrowAt { second, first };       // convolution of a D block that changes the channels
enum class GroupRemainder { error, whole };  // minibatch that stddev groups do not divide
enum class ScheduleUnit { kimg, iterations, epochs };
enum class LastBatch { across, drop, keep };  // if an epoch is not a multiple of the minibatch
enum class RealFade { none, exact, bytes };
enum class GeneratorLatents { fresh, as_critic };
enum class LossKind { wgan_gp, logistic, hinge, lsgan };
enum class GpSpace { full, current };  // resolution at which the gradient norm is measured
enum class GpMix { real_to_fake, fake_to_real };
enum class Reduction { mean, sum };
enum class OptimizerReset { fade_borders, new_resolution, never };
enum class AverageRestart { never, new_resolution };
enum class SelftestUse { automatic, off };             // of a GPU that no selftest has checked yet
enum class Recipe { official, automatic, small };      // what chose the settings; see model/plan
enum class Precision { automatic, fp32, tf32, bf16 };  // automatic: tf32 on a GPU, else fp32

struct ModelConfig {
  int64_t resolution = 0;   // final one; power of two, 4 to 1024; 0: that of the data set
  int64_t channels = 0;     // 1 to 4; 0: that of the data set
  int64_t latent_size = 0;  // 0: fmaps(config, 0)
  int64_t fmap_base = 8192;
  double fmap_decay = 1.0;
  int64_t fmap_max = 512;
  bool normalize_latents = true;
  bool use_pixelnorm = true;
  bool first_pixelnorm = true;  // also after the first layer, if use_pixelnorm
  NormOrder norm_order = NormOrder::activation_first;
  double pixelnorm_epsilon = 1e-8;
  bool use_wscale = true;
  bool g_wscale = true;      // in the generator, if use_wscale
  bool first_wscale = true;  // in its first layer
  bool last_wscale = true;   // in the discriminator's last layer
  bool scale_bias = false;   // the equalized-LR constant scales the bias too
  WeightInit init = WeightInit::normal;
  PlainInit plain_init = PlainInit::he;
  FirstBias first_bias = FirstBias::channel;
  OutputActivation output_activation = OutputActivation::none;
  double leaky_slope = 0.2;
  int64_t mbstd_group_size = 4;  // 0: no minibatch stddev; at least N: the whole minibatch
  GroupOrder mbstd_order = GroupOrder::strided;
  Variance mbstd_variance = Variance::biased;
  double mbstd_epsilon = 1e-8;
  GroupRemainder mbstd_remainder = GroupRemainder::error;
  DownOrder down_order = DownOrder::pool_first;
  NarrowAt narrow_at = NarrowAt::second;
  bool d_fade_at_8x8 = true;
  bool from_rgb_activation = true;
  double to_rgb_gain = 1.0;
  double last_gain = 1.0;
  double first_layer_gain = 0.35355339059327379;  // sqrt(2) / 4
  Conditioning conditioning = Conditioning::none;
  int64_t label_size = 0;        // classes; 0: those of the data set (none if unconditional)
  bool normalize_labels = true;  // labels join the latents before their norm (official)
};

struct ScheduleConfig {
  ScheduleUnit unit = ScheduleUnit::kimg;
  int64_t lod_initial_resolution = 4;
  double lod_training_kimg = 600.0;
  double lod_transition_kimg = 600.0;
  ByResolution<double> extra_kimg;  // in the stable stage of a resolution, after lod_training_kimg
  double total_kimg = 12000.0;      // 0: until the last resolution ends (iterations and epochs)
  // With iterations and epochs; here a stage is one resolution, its fade included:
  double stage_length = 30.0;
  ByResolution<double> stage_lengths;
  double fade_length = 15.0;
  double alpha_start = 0.0;
  int64_t alpha_step = 0;    // iterations between changes of alpha; 0: follows the images
  int64_t alpha_offset = 0;  // iterations
  LastBatch last_batch = LastBatch::across;
  int64_t minibatch_base = 4;
  ByResolution<int64_t> minibatch = {{4, 128}, {8, 128},  {16, 128}, {32, 64},
                                     {64, 32}, {128, 16}, {256, 8},  {512, 4}};
  int64_t max_minibatch = 0;  // 0: no limit
  int64_t micro_batch = 0;    // images computed at a time; 0: all
  ByResolution<int64_t> micro_batches;
  bool micro_batches_chosen = false;  // by the program, to fit into memory (model/plan)
  int64_t minibatch_repeats = 4;      // iterations per evaluation of the schedule
  double tick_kimg_base = 160.0;
  ByResolution<double> tick_kimg = {{4, 160.0},  {8, 140.0},  {16, 120.0}, {32, 100.0}, {64, 80.0},
                                    {128, 60.0}, {256, 40.0}, {512, 20.0}, {1024, 10.0}};
  bool repeat_images = false;  // the repeats use the same images and latents
  int64_t n_critic = 1;        // updates of D per update of G
  GeneratorLatents generator_latents = GeneratorLatents::fresh;
  RealFade fade_reals = RealFade::exact;
};

struct LossConfig {
  LossKind kind = LossKind::wgan_gp;
  double gp_lambda = 10.0;
  double gp_target = 1.0;
  GpSpace gp_space = GpSpace::full;
  GpMix gp_mix = GpMix::real_to_fake;
  double r1_gamma = 0.0;
  double drift_epsilon = 1e-3;
  Reduction reduction = Reduction::mean;
  double label_weight = 1.0;
  bool label_column_bug = false;  // GAN zoo's: class scores start at the critic's column
};

struct OptimizerConfig {
  double g_learning_rate = 1e-3;
  double d_learning_rate = 1e-3;
  ByResolution<double> learning_rate = {{1024, 1.5e-3}};  // of both networks
  double beta1 = 0.0;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  AdamEpsilon epsilon_form = AdamEpsilon::tensorflow;
  OptimizerReset reset = OptimizerReset::fade_borders;
  double average_decay = 0.999;
  EmaOrder average_order = EmaOrder::before_update;
  AverageRestart average_restart = AverageRestart::never;
  double rampup_kimg = 0.0;
};

struct DataConfig {
  std::string path;
  std::string full_path;  // absolute, when the run started
  int64_t images = 0;     // per epoch; 0: as many as the data set has
  bool mirror = false;
  std::string cache_folder;  // empty: see cache_root (data/sets/cache.h)
  Fit fit = Fit::automatic;
  std::string background = "black";  // see parse_background (data/images/background.h)
  std::string range = "full";        // see parse_range (data/images/value_range.h)
  std::string memory_limit;          // "4GB"; empty: a quarter of what is free
  std::string fingerprint;           // of the data set of the run (data/sets/identity.h)
  std::string classes;               // of the same, if the networks are conditioned on them
};

struct TrainConfig {
  std::string preset = "official-tf";
  Recipe recipe = Recipe::official;
  int64_t seed = 1000;
  std::string device = "auto";  // auto, cpu, cuda or cuda:I
  Precision precision = Precision::automatic;
  CudaKernels kernels = CudaKernels::own;
  int64_t threads = 0;  // 0: all cores
  SelftestUse selftest = SelftestUse::automatic;
  std::string left_out;      // TensorKernels::text() of the kernels that training does without
  std::string memory_limit;  // "4GB"; empty: all that is free
  std::string image_grid = "auto";  // or rows x columns; see image_grid()
  std::string out = "runs";
  std::string name;  // empty: made of the data set, the preset and the resolution
};

struct CheckpointConfig {
  double every_kimg = 160.0;
  double images_every_kimg = 0.0;  // 0: every tick
  double every_minutes = 15.0;     // latest.safetensors; 0: never
  int64_t keep = 3;                // numbered checkpoints kept, newest first; 0: all
  bool keep_finished = true;       // one of each finished resolution, never removed
  std::string best_of;             // a number of stats.jsonl, lower is better; empty: none
  bool step_images = false;        // generated_imageK.png after each resolution
};

// The reaction to divergence, see model/run/guard.h. Limits: 0 is none.
enum class GuardAction : uint8_t { skip, rollback, stop };

struct GuardConfig {
  GuardAction action = GuardAction::rollback;
  int64_t every = 100;       // iterations between divergence checks
  int64_t max_skipped = 10;  // updates skipped between them, per network
  double max_gradient_norm = 1000.0, max_score_gap = 1e5, max_weight = 1000.0, max_update = 0.5;
  int64_t tries = 3;  // rollbacks per run
  double learning_rate_factor = 0.5;
};

struct Config {
  ModelConfig model;
  ScheduleConfig schedule;
  LossConfig loss;
  OptimizerConfig optimizer;
  DataConfig data;
  TrainConfig train;
  CheckpointConfig checkpoint;
  GuardConfig guard;
};

struct DataShape {
  int64_t resolution = 0;
  int64_t channels = 0;
  int64_t images = 0;
  int64_t labels = 0;  // classes, 0: none
};

// The configuration of a published variant. Throws UsageError for an unknown name, with the nearest
// known one.
Config preset(std::string_view name);
std::vector<std::string> preset_names();

// Sets the keys in the TOML file and keeps all others. A file with train.preset starts from that
// preset instead. A table by resolution replaces the whole table. Throws IoError (unreadable),
// FormatError (not TOML, with FILE:LINE), UsageError (unknown key or value not allowed).
void read_toml(Config& config, const std::filesystem::path& path);

// The keys that a TOML file sets, "section.key", without checking their values. Throws IoError and
// FormatError as read_toml.
std::set<std::string> keys_in_toml(const std::filesystem::path& path);

// The configuration in a text, such as the one in a checkpoint; missing keys are those of its
// preset. `name` takes the place of the file in messages. Throws as read_toml.
Config config_from_toml(const std::string& text, const std::string& name);

// Every key with its description as a comment, in a fixed order; read_toml of the result restores
// the configuration to the last bit.
std::string to_toml(const Config& config);

// Sets one key from text: "0.5", "true", "crop", "{4 = 64, 8 = 32}"; "schedule.minibatch.4" sets
// one entry of a table. Throws UsageError (unknown key with the nearest name, value not allowed).
void set_key(Config& config, std::string_view key, std::string_view value);

// "section.key=value", the value of the option --set.
void set_assignment(Config& config, std::string_view assignment);

// The value of a key as TOML. Throws UsageError for an unknown key.
std::string get_key(const Config& config, std::string_view key);

// The configuration with the default of every key that holds a path, for files that are given away.
Config without_paths(const Config& config);

// All keys with default, meaning and allowed values, one per paragraph: `config --describe`.
std::string describe_keys();

// Throws UsageError for the first value that is not allowed or conflicts with another.
void validate(const Config& config);

// Replaces zeros that mean "that of the data set" or "fmaps(0)" by numbers, then validates. Throws
// UsageError if the data set does not fit the configuration.
void resolve(Config& config, const DataShape& data);

// Channels nf(s) of the blocks at resolution 2^(s+1) (paper, table 2):
// max(1, min(floor(fmap_base / 2^(s * fmap_decay)), fmap_max)).
int64_t fmaps(const ModelConfig& model, int64_t s);

// model.latent_size, or fmaps(0) if that is 0.
int64_t latent_size(const ModelConfig& model);
inline int64_t latent_size(const Config& config) { return latent_size(config.model); }

// Classes that the networks are conditioned on: 0 if model.conditioning is none.
int64_t label_count(const ModelConfig& model);
inline int64_t label_count(const Config& config) { return label_count(config.model); }

// Images per minibatch at this resolution, at most max_minibatch.
int64_t minibatch_at(const Config& config, int64_t resolution);

// train.image_grid as numbers; auto_grid of the final resolution if it is auto. Throws UsageError.
GridSize image_grid(const Config& config);

}  // namespace pg
