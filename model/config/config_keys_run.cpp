// config_keys_run.cpp: the configuration keys of the schedule, the data, the run and its files.
#include <limits>

#include "model/config/config_key_table.h"

namespace pg {
namespace {

constexpr KeyRange kPositiveKimg{0.001, 1e6};
constexpr KeyRange kLimit{0.0, 1e30};
constexpr KeyRange kLength{1e-6, 1e9};
constexpr KeyRange kMinibatch{1, 65536};

}  // namespace

#define PG_SCHEDULE(MEMBER, ...) PG_KEY(schedule, ScheduleConfig, MEMBER, __VA_ARGS__)
#define PG_DATA(MEMBER, ...) PG_KEY(data, DataConfig, MEMBER, __VA_ARGS__)
#define PG_TRAIN(MEMBER, ...) PG_KEY(train, TrainConfig, MEMBER, __VA_ARGS__)
#define PG_CHECKPOINT(MEMBER, ...) PG_KEY(checkpoint, CheckpointConfig, MEMBER, __VA_ARGS__)
#define PG_GUARD(MEMBER, ...) PG_KEY(guard, GuardConfig, MEMBER, __VA_ARGS__)

std::vector<Key> stage_keys() {
  return {
      PG_SCHEDULE(unit,
                  "Unit of the schedule: kimg (thousands of images: lod_training_kimg, "
                  "lod_transition_kimg), iterations or epochs (stage_length, fade_length)."),
      PG_SCHEDULE(lod_initial_resolution, "Resolution at the start of training.", kResolutionRange,
                  KeyForm::power_of_two),
      PG_SCHEDULE(lod_training_kimg,
                  "Thousands of images at each resolution before the next one fades in.",
                  kKimgRange),
      PG_SCHEDULE(lod_transition_kimg, "Thousands of images per fade.", kKimgRange),
      PG_SCHEDULE(extra_kimg,
                  "Thousands of images by which a resolution is trained longer before the next one "
                  "fades in, by resolution (kimg only); written when a run grows.",
                  kKimgRange),
      PG_SCHEDULE(total_kimg,
                  "Thousands of images until training ends; 0: at the end of the last resolution "
                  "(iterations and epochs only).",
                  kKimgRange),
      PG_SCHEDULE(stage_length, "Iterations or epochs per resolution, its fade included.", kLength),
      PG_SCHEDULE(stage_lengths, "stage_length by resolution; overrides it.", kLength),
      PG_SCHEDULE(fade_length, "Iterations or epochs per fade.", {0.0, 1e9}),
      PG_SCHEDULE(alpha_start, "alpha at the first image of a fade (iterations and epochs).",
                  {0.0, 1.0}),
      PG_SCHEDULE(alpha_step,
                  "Iterations between changes of alpha (iterations and epochs); 0: it follows the "
                  "images.",
                  {0, 1000000}),
      PG_SCHEDULE(alpha_offset, "Iterations by which alpha runs ahead (iterations and epochs).",
                  {0, 1000000}),
  };
}

std::vector<Key> minibatch_keys() {
  return {
      PG_SCHEDULE(last_batch,
                  "Last minibatch of an epoch whose images do not fill it: filled from the next "
                  "epoch (across), dropped (drop), or smaller (keep)."),
      PG_SCHEDULE(minibatch_base, "Images per minibatch at resolutions missing from minibatch.",
                  kMinibatch),
      PG_SCHEDULE(minibatch, "Images per minibatch, by resolution.", kMinibatch),
      PG_SCHEDULE(max_minibatch, "Maximum images per minibatch at any resolution; 0: no limit.",
                  {0, 65536}),
      PG_SCHEDULE(micro_batch,
                  "Images of a minibatch computed at a time (rounded down to whole groups of "
                  "minibatch stddev); gradients of the parts are added up. 0: all.",
                  {0, 65536}),
      PG_SCHEDULE(micro_batches, "micro_batch by resolution; overrides it.", {0, 65536}),
      PG_SCHEDULE(micro_batches_chosen,
                  "The program chose micro_batches to fit into memory, and may change it when the "
                  "run is resumed."),
      PG_SCHEDULE(minibatch_repeats,
                  "Iterations per evaluation of the schedule (alpha, learning rates, resets of "
                  "Adam).",
                  {1, 1000}),
  };
}

std::vector<Key> iteration_keys() {
  return {
      PG_SCHEDULE(tick_kimg_base,
                  "Thousands of images per tick (a line of statistics) at resolutions missing from "
                  "tick_kimg.",
                  kPositiveKimg),
      PG_SCHEDULE(tick_kimg, "Thousands of images per tick, by resolution.", kPositiveKimg),
      PG_SCHEDULE(repeat_images,
                  "All minibatch_repeats iterations use the same images and latents."),
      PG_SCHEDULE(n_critic, "Updates of D per update of G.", {1, 1000}),
      PG_SCHEDULE(generator_latents,
                  "Latents of G's update: new ones (fresh), or those of D's update (as_critic)."),
      PG_SCHEDULE(
          fade_reals,
          "Fade of real images along with the networks: none, exact, or truncated to bytes."),
  };
}

std::vector<Key> data_keys() {
  return {
      PG_DATA(path, "Image folder, archive or data set to train on (see train --help).", {},
              KeyForm::path),
      PG_DATA(
          full_path,
          "Absolute path of data.path when the run started, written by the program: a resume in "
          "another folder finds the images there.",
          {}, KeyForm::path),
      PG_DATA(images, "Images per epoch; 0: as many as the data set has.", {0.0, 1e12}),
      PG_DATA(mirror, "Mirror images left to right with probability 1/2."),
      PG_DATA(cache_folder,
              "Folder of built data sets; empty: $XDG_CACHE_HOME/progan_cuda or "
              "~/.cache/progan_cuda.",
              {}, KeyForm::path),
      PG_DATA(fit,
              "How images become square: crop to the centre, pad with zeros, or stretch; auto pads "
              "idx files and crops everything else."),
      PG_DATA(
          background,
          "Colour behind transparent parts of images, and of what fit = pad adds: black, white, "
          "gray or #rrggbb.",
          {}, KeyForm::text),
      PG_DATA(range,
              "Samples of the files that become black and white: full (all that a file can hold), "
              "auto (the smallest and largest of the set) or LOW-HIGH, such as 0-4095 for 12 bits "
              "in 16.",
              {}, KeyForm::text),
      PG_DATA(memory_limit,
              "Memory for reading and decoding images, all threads together, such as 2GB; empty: a "
              "quarter of what is free. Images that need more are skipped.",
              {}, KeyForm::bytes),
      PG_DATA(fingerprint,
              "Hash of the data set of the run, written by the program: a resume on other images "
              "says so.",
              {}, KeyForm::text),
      PG_DATA(classes,
              "Class names of the data set of a run with classes, separated by '/', written by the "
              "program: a resume on other classes is rejected; empty: it is not.",
              {}, KeyForm::text),
  };
}

std::vector<Key> train_keys() {
  return {
      PG_TRAIN(preset, "Published version that the other keys started from.", {}, KeyForm::text),
      PG_TRAIN(recipe,
               "Origin of the settings that were not given, written by the program: the preset "
               "(official), or --recipe auto or small, which choose by the images and the speed of "
               "the device. The other keys hold all that was chosen."),
      PG_TRAIN(seed, "Seed of all random numbers.",
               {0.0, static_cast<double>(std::numeric_limits<int64_t>::max())}),
      PG_TRAIN(device, "Device to train on; auto: a GPU if one is available, else the CPU.", {},
               KeyForm::device),
      PG_TRAIN(precision,
               "Arithmetic on a GPU: fp32 throughout, tf32 (convolutions and matrix products round "
               "their inputs to tf32) or bf16 (activations are stored as bf16); auto: tf32. The "
               "CPU computes in fp32. Sums and parameters are always f32."),
      PG_TRAIN(kernels,
               "Kernels of convolutions and matrix products on a GPU: own, vendor (cuDNN and "
               "cuBLASLt if installed), or fastest (each shape is timed once)."),
      PG_TRAIN(selftest,
               "The first run on a GPU checks it for some seconds, and kernels that fail there are "
               "skipped in this and later runs (auto); off: all kernels are used unchecked."),
      PG_TRAIN(left_out,
               "Kernels that training does without on its GPU, because they failed there; written "
               "by the program.",
               {}, KeyForm::text),
      PG_TRAIN(threads, "Threads of the CPU backend; 0: all cores.", {0, 4096}),
      PG_TRAIN(memory_limit,
               "Device memory that training may use, such as 4GB or 512MiB; empty: all that is "
               "free. Minibatches that need more are computed in parts.",
               {}, KeyForm::bytes),
      PG_TRAIN(image_grid,
               "Rows x columns of the sample images; auto: 8x8 up to 128x128, then fewer, down to "
               "2x3 from 512x512 up.",
               {}, KeyForm::grid),
      PG_TRAIN(out, "Folder that receives the run folders.", {}, KeyForm::path),
      PG_TRAIN(name,
               "Name of the run folder; empty: made of the data set, the preset and the "
               "resolution.",
               {}, KeyForm::name),
  };
}

std::vector<Key> checkpoint_keys() {
  return {
      PG_CHECKPOINT(every_kimg, "Thousands of images between numbered checkpoints.", kPositiveKimg),
      PG_CHECKPOINT(images_every_kimg,
                    "Thousands of images between grids of sample images; 0: one per tick.",
                    kKimgRange),
      PG_CHECKPOINT(every_minutes,
                    "Minutes between writes of latest.safetensors, from which a killed run "
                    "resumes; 0: only at the start and on a stop.",
                    {0.0, 1e6}),
      PG_CHECKPOINT(keep, "Numbered checkpoints to keep, newest first; 0: all.", {0, 1000000}),
      PG_CHECKPOINT(keep_finished,
                    "Keep one checkpoint per finished resolution (finished-16x16.safetensors)."),
      PG_CHECKPOINT(best_of,
                    "A number of stats.jsonl: best.safetensors is the checkpoint of the tick at "
                    "which it was lowest; empty: none.",
                    {}, KeyForm::text),
      PG_CHECKPOINT(step_images, "Write generated_imageK.png after each resolution."),
  };
}

std::vector<Key> guard_keys() {
  return {
      PG_GUARD(action,
               "If training diverges: continue (skip, official), roll back to the last good "
               "checkpoint with other random numbers and a lower learning rate (rollback), or "
               "stop with a report (stop)."),
      PG_GUARD(every, "Iterations between divergence checks.", {1, 1000000}),
      PG_GUARD(max_skipped,
               "Maximum skipped updates (non-finite gradients) between two checks, per network.",
               {0, 1000000}),
      PG_GUARD(max_gradient_norm,
               "Maximum mean gradient norm of the penalty, multiplied by loss.gp_target if that is "
               "above 1; 0: no limit.",
               kLimit),
      PG_GUARD(max_score_gap,
               "Maximum |mean D(real) - mean D(fake)|, multiplied by loss.gp_target if that is "
               "above 1; 0: no limit.",
               kLimit),
      PG_GUARD(max_weight, "Maximum root mean square of a network's weights; 0: no limit.", kLimit),
      PG_GUARD(max_update, "Maximum update norm / weight norm of a network; 0: no limit.", kLimit),
      PG_GUARD(tries, "Rollbacks before the run stops.", {0, 1000}),
      PG_GUARD(learning_rate_factor, "Multiplies the learning rates at each rollback.",
               {1e-6, 1.0}),
  };
}

}  // namespace pg
