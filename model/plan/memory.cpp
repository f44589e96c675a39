// memory.cpp: iterations on a device that only counts.
#include "model/plan/memory.h"

#include <algorithm>

#include "model/networks/samples.h"
#include "model/training/gan.h"
#include "model/training/gan_health.h"

namespace pg {
namespace {

// The tensors of Trainer, in the same order.
class Rehearsal {
 public:
  Rehearsal(const Config& config, PlanningBackend& device, const ArenaBlocks& blocks)
      : config_(plain(config)), device_(device), context_(device, blocks), gan_(context_, config_) {
    const GridSize grid = image_grid(config_);
    latents_ = kept(seeded_latents(context_, config_, 0, grid.rows * grid.columns));
    labels_ = kept(grid_labels(context_, config_, grid.rows, grid.columns));
  }

  void iterate(const Stage& stage, int64_t images) {
    const std::vector<int32_t> classes(static_cast<size_t>(images), 0);
    const std::vector<uint8_t> mirror(static_cast<size_t>(images), 0);
    gan_.iterate({.fade = stage.halfway()},
                 {.images = {}, .mirror = mirror, .labels = classes, .g_labels = classes});
  }
  // A divergence check between iterations.
  void check(const Stage& stage) { weight_norms(gan_.state(), stage.resolution); }
  void make_picture(const Stage& stage) {
    const GridOptions o = sample_options(config_, stage.halfway());
    some_samples(gan_.state().generator, gan_.state().ema, latents_, labels_, o, 0);
  }

  int64_t persistent() { return held(context_.persistent()); }
  int64_t step() { return held(context_.step()); }
  int64_t peak() { return context_.step().peak_bytes(); }
  int64_t parameters() const {
    const auto bytes = [](const ParameterStore& s) {
      return s.count() * size_of(s.flat().dtype());
    };
    return bytes(gan_.state().g) + bytes(gan_.state().d);
  }
  int64_t state() const {
    int64_t bytes = 0;
    for (const auto& [name, tensor] : gan_.state().tensors()) {
      bytes += tensor.numel() * size_of(tensor.dtype());
    }
    return bytes;
  }

 private:
  // Initial values do not change the memory, and unit_rms would read all of them.
  static Config plain(Config config) {
    config.model.init = WeightInit::normal;
    return config;
  }
  int64_t held(const Arena& arena) const {
    return device_.backs_on_touch() ? arena.touched_bytes() : arena.reserved_bytes();
  }

  Config config_;
  PlanningBackend& device_;
  Context context_;
  Gan gan_;
  Tensor latents_, labels_;
};

// Images in a minibatch, and in the smaller one at the end of an epoch.
std::vector<int64_t> minibatches(const Config& config, int64_t resolution) {
  const int64_t n = minibatch_at(config, resolution);
  if (config.schedule.last_batch != LastBatch::keep || config.data.images % n == 0) return {n};
  return {n, config.data.images % n};
}

void iterate_all(Rehearsal& rehearsal, const Config& config, std::span<const Stage> stages) {
  for (const Stage& stage : stages) {
    for (const int64_t n : minibatches(config, stage.resolution)) rehearsal.iterate(stage, n);
    rehearsal.check(stage);
  }
}

int64_t peak_without_penalty(Config config, std::span<const Stage> stages, const PlannedRun& run) {
  config.loss.gp_lambda = config.loss.r1_gamma = 0.0;
  const auto device = run.planner();
  Rehearsal rehearsal(config, *device, run.blocks);
  iterate_all(rehearsal, config, stages);
  return rehearsal.peak();
}

// For the largest part of a minibatch.
int64_t peak_of_penalty(const Config& config, const Stage& stage, const PlannedRun& run) {
  const auto device = run.planner();
  Context context(*device, run.blocks);
  const Discriminator d(config.model, activation_dtype(config.train.precision),
                        logit_columns(config.loss));
  const ParameterStore store(context, d.specs());
  const int64_t r = stage.resolution, n = micro_batch_at(config, r, minibatch_at(config, r));
  const Shape images{2 * n, r, r, config.model.channels};
  const auto input = [&](const Shape& shape) { return Tensor(context, shape, DType::f32); };
  const int64_t classes = label_count(config);
  const DiscriminatorInputs inputs{.images = Tensor(context, images, d.activations()),
                                   .mix = input({n}),
                                   .labels = classes == 0 ? Tensor() : input({n, 1, 1, classes})};
  const Tensor gradients(context, store.flat().shape(), DType::f32, Lifetime::persistent);
  DiscriminatorLoss loss;
  add_penalties(config, d, store, on_device(stage.halfway(), store.flat()), inputs,
                store.views(gradients, r), loss);
  return loss.penalty ? context.step().peak_bytes() : 0;
}

// The program with its libraries and threads, as measured, and the minibatches being loaded.
int64_t program_bytes(const Config& config, int64_t resolution) {
  // Four minibatches are prefetched, one is being read, one is used, and one may be faded in bytes.
  constexpr int64_t kProgram = int64_t{32} << 20, kLoading = 7;
  const int64_t n = minibatch_at(config, resolution);
  return kProgram + kLoading * n * resolution * resolution * config.model.channels;
}

// Host memory of a grid while it is written: the pixels of its images, of the whole grid and of the
// PNG writer's filtered and packed copies, and a batch in f32 and f64.
int64_t picture_bytes(const Config& config, int64_t resolution) {
  constexpr int64_t kCopies = 5, kFloats = 4 + 8;
  const GridOptions o = sample_options(config, {resolution});
  const int64_t image = o.show_at * o.show_at * config.model.channels;
  return image * (kCopies * o.rows * o.columns + kFloats * o.batch);
}

}  // namespace

std::vector<std::vector<Stage>> stages_by_resolution(const Config& config, const PlannedRun& run) {
  std::vector<std::vector<Stage>> groups;
  for (const Stage& stage : stages(config)) {
    if (stage.end <= run.first_image) continue;
    if (groups.empty() || groups.back().front().resolution != stage.resolution)
      groups.emplace_back();
    groups.back().push_back(stage);
  }
  return groups;
}

ResolutionMemory resolution_memory(const Config& config, std::span<const Stage> stages,
                                   const PlannedRun& run, PlanningBackend& device) {
  const int64_t resolution = stages.front().resolution, n = minibatch_at(config, resolution);
  Rehearsal rehearsal(config, device, run.blocks);
  iterate_all(rehearsal, config, stages);
  ResolutionMemory m{.resolution = resolution,
                     .minibatch = n,
                     .micro_batch = micro_batch_at(config, resolution, n),
                     .parameters = rehearsal.parameters()};
  m.steps = rehearsal.step();
  m.activations = peak_without_penalty(config, stages, run);
  for (const Stage& stage : stages) {
    m.penalty = std::max(m.penalty, peak_of_penalty(config, stage, run));
  }
  for (const Stage& stage : stages) rehearsal.make_picture(stage);
  iterate_all(rehearsal, config, stages);  // in the arena as the grids left it
  m.optimizer = rehearsal.persistent() - m.parameters;
  m.workspace = device.workspace_bytes();
  m.pictures = rehearsal.step() - m.steps;
  if (device.backs_on_touch()) {
    m.host = program_bytes(config, resolution) +
             std::max(picture_bytes(config, resolution), rehearsal.state());
  }
  return m;
}

std::vector<ResolutionMemory> memory_by_resolution(const Config& config, const PlannedRun& run) {
  std::vector<ResolutionMemory> all;
  const auto device = run.planner();
  for (const auto& stages : stages_by_resolution(config, run)) {
    all.push_back(resolution_memory(config, stages, run, *device));
  }
  return all;
}

int64_t checkpoint_bytes(const Config& config) {
  const auto device = make_cpu_planner(1);
  return Rehearsal(config, *device, {}).state();
}

}  // namespace pg
