// plan_memory_test.cpp: training takes the memory that the plan predicts.
#include <gtest/gtest.h>

#include "data/sets/build.h"
#include "model/plan/fit.h"
#include "model/run/trainer.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

constexpr ArenaBlocks kBlocks{.persistent = 256 << 10, .step = 1 << 20};

PlannedRun on_cpu(int threads) {
  return {.planner = [threads] { return make_cpu_planner(threads); }, .blocks = kBlocks};
}

class Plan : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    BuildOptions options;
    options.resolution = 16;
    build_dataset(*open_source("builtin:shapes:64"), "builtin:shapes:64", folder_ / "data",
                  options);
    dataset_ = std::make_unique<Dataset>(folder_ / "data");
  }

  Config config(const std::string& name = "official-tf") const {
    Config c = preset(name);
    c.model.fmap_base = 64;
    c.model.latent_size = 8;
    c.schedule.unit = ScheduleUnit::kimg;
    c.schedule.last_batch = LastBatch::across;
    c.schedule.lod_training_kimg = c.schedule.lod_transition_kimg = 0.136;
    c.schedule.total_kimg = 0.680;
    c.schedule.minibatch = {{4, 128}, {8, 16}};
    c.schedule.minibatch_base = 8;
    c.schedule.minibatch_repeats = 1;
    c.schedule.tick_kimg.clear();
    c.schedule.tick_kimg_base = 0.064;
    c.train.image_grid = "3x3";
    c.guard.every = 1;  // divergence checks take memory too
    c.train.out = (folder_ / "runs").string();
    resolve(c, {.resolution = 16, .channels = 3, .images = 64});
    return c;
  }

  struct Taken {
    int64_t persistent, step, workspace;
  };
  // The memory that a run holds at its end.
  Taken train(const Config& c, int threads) const {
    ProgressOptions silent;
    silent.style = ProgressStyle::silent;
    Progress progress(c, silent);
    const RunFolder run = RunFolder::create(c, "plan");
    const auto log = make_logger(run.log_file(), {});
    const auto backend = make_cpu_backend(threads);
    Context context(*backend, kBlocks);
    Trainer trainer(context, c, *dataset_, run, progress, *log);
    const std::atomic<bool> stop = false;
    trainer.run(stop);
    return {context.persistent().touched_bytes(), context.step().touched_bytes(),
            backend->workspace_bytes()};
  }

  std::unique_ptr<Dataset> dataset_;
};

void expect_as_planned(const Config& c, const ResolutionMemory& m, int64_t persistent, int64_t step,
                       int64_t workspace) {
  SCOPED_TRACE(message(c.train.preset, " ", m.resolution, " in ", m.micro_batch));
  // The real images of the previous stage may leave a gap.
  constexpr double kGap = 128 * 4 * 4 * 3 + 128;
  EXPECT_NEAR(static_cast<double>(m.parameters + m.optimizer), static_cast<double>(persistent),
              kGap);
  EXPECT_EQ(m.steps + m.pictures, step);
  EXPECT_EQ(m.workspace, workspace);
  // The arena of an iteration is larger than the tensors in it, because of gaps.
  const int64_t most = std::max(m.activations, m.penalty);
  EXPECT_LE(most, m.steps);
  EXPECT_GE(most, m.steps / 2);
}

// The plan makes the same requests. 4x4 needs most, and none of its step memory is kept.
TEST_F(Plan, PredictsTheMemoryOfARunThatGrewToEachResolution) {
  for (const char* name : {"official-tf", "gan-zoo", "paper"}) {
    Config c = config(name);
    if (c.model.mbstd_group_size <= 4) c.schedule.micro_batches = {{8, 4}};
    const std::vector<ResolutionMemory> plan = memory_by_resolution(c, on_cpu(2));
    ASSERT_EQ(plan.size(), 3u);
    const std::vector<double> ends = {0.136, 0.408, 0.680};
    for (size_t i = 0; i < plan.size(); ++i) {
      Config part = c;
      part.schedule.total_kimg = ends[i];
      const Taken t = train(part, 2);
      expect_as_planned(c, plan[i], t.persistent, t.step, t.workspace);
    }
  }
}

TEST_F(Plan, NeedsLessMemoryInParts) {
  Config c = config();
  const auto whole = memory_by_resolution(c, on_cpu(1));
  c.schedule.micro_batch = 4;
  const auto parts = memory_by_resolution(c, on_cpu(1));
  ASSERT_EQ(whole.size(), parts.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_LT(parts[i].activations, whole[i].activations);
    EXPECT_EQ(parts[i].micro_batch, 4);
  }
}

TEST_F(Plan, StartsAtTheStageOfTheFirstImage) {
  PlannedRun run = on_cpu(1);
  run.first_image = 136;  // 4x4 lasts one image more
  EXPECT_EQ(memory_by_resolution(config(), run).size(), 3u);
  run.first_image = 137;
  EXPECT_EQ(memory_by_resolution(config(), run).front().resolution, 8);
}

TEST_F(Plan, GridsGenerateAtMostAsManyImagesAsTheLastStageTrains) {
  Config c = config();
  EXPECT_EQ(sample_options(c, {4}).batch, 8);
  c.schedule.micro_batch = 4;
  EXPECT_EQ(sample_options(c, {4}).batch, 4);
}

TEST_F(Plan, ChoosesTheLargestPartsThatFit) {
  Config c = config();
  const auto whole = memory_by_resolution(c, on_cpu(1));
  int64_t most = 0;
  for (const ResolutionMemory& s : whole) most = std::max(most, s.total());
  FittedRun fits = fit_into_memory(c, on_cpu(1), most, PartsChoice::choose);
  EXPECT_FALSE(fits.changed);
  EXPECT_FALSE(c.schedule.micro_batches_chosen);

  const int64_t limit = whole[0].total() - 1;
  fits = fit_into_memory(c, on_cpu(1), limit, PartsChoice::choose);
  EXPECT_TRUE(fits.changed && c.schedule.micro_batches_chosen);
  for (const ResolutionMemory& s : fits.memory) {
    EXPECT_LE(s.total(), limit);
    EXPECT_EQ(s.micro_batch % 4, 0);
    if (s.micro_batch == s.minibatch) continue;
    Config larger = c;  // one more group does not fit
    larger.schedule.micro_batches[s.resolution] = s.micro_batch + 4;
    for (const ResolutionMemory& l : memory_by_resolution(larger, on_cpu(1))) {
      EXPECT_TRUE(l.resolution != s.resolution || l.total() > limit);
    }
  }
  EXPECT_LT(fits.memory[0].micro_batch, 128);
}

// Other parts would change the last bits of a run that is resumed while less memory is free.
TEST_F(Plan, ResumedRunKeepsItsPartsWhateverMemoryIsFree) {
  Config c = config();
  int64_t most = 0;
  for (const ResolutionMemory& s : memory_by_resolution(c, on_cpu(1))) {
    most = std::max(most, s.total());
  }
  EXPECT_FALSE(fit_into_memory(c, on_cpu(1), most, PartsChoice::keep).changed);
  const std::string error = error_of<OutOfMemoryError>(
      [&] { fit_into_memory(c, on_cpu(1), most - 1, PartsChoice::keep); });
  EXPECT_NE(error.find("for 128 images at a time, the parts of this run"), std::string::npos)
      << error;
  EXPECT_NE(error.find("--memory-limit"), std::string::npos) << error;
  EXPECT_NE(error.find("--set schedule.micro_batch="), std::string::npos) << error;
  EXPECT_TRUE(c.schedule.micro_batches.empty());

  c.schedule.micro_batches = {{4, 8}};
  c.schedule.micro_batches_chosen = true;
  const int64_t plenty = int64_t{1} << 40;
  EXPECT_FALSE(fit_into_memory(c, on_cpu(1), plenty, PartsChoice::keep).changed);
  EXPECT_EQ(c.schedule.micro_batches.at(4), 8);
  EXPECT_TRUE(fit_into_memory(c, on_cpu(1), plenty, PartsChoice::choose).changed);
  EXPECT_TRUE(c.schedule.micro_batches.empty());
}

TEST_F(Plan, KeepsValuesOfTheUserAndRejectsRunsThatNeverFit) {
  Config c = config();
  c.schedule.micro_batches = {{4, 128}};
  const int64_t limit = memory_by_resolution(c, on_cpu(1))[0].total() - 1;
  std::string error = error_of<OutOfMemoryError>(
      [&] { fit_into_memory(c, on_cpu(1), limit, PartsChoice::choose); });
  EXPECT_NE(error.find("4x4"), std::string::npos) << error;
  EXPECT_NE(error.find("(schedule.micro_batch)"), std::string::npos) << error;

  c = config();
  error = error_of<OutOfMemoryError>(
      [&] { fit_into_memory(c, on_cpu(1), 100'000, PartsChoice::choose); });
  EXPECT_NE(error.find("16x16 needs"), std::string::npos) << error;  // the largest first
  EXPECT_NE(error.find("100 KB"), std::string::npos) << error;
  EXPECT_NE(error.find("--memory-limit"), std::string::npos) << error;

  c = config("paper");
  const int64_t all = memory_by_resolution(c, on_cpu(1))[0].total();
  error = error_of<OutOfMemoryError>(
      [&] { fit_into_memory(c, on_cpu(1), all - 1, PartsChoice::choose); });
  EXPECT_NE(error.find("share a minibatch standard deviation"), std::string::npos) << error;
}

TEST_F(Plan, LimitIsFreeMemoryUnlessSet) {
  Config c = config();
  const auto backend = make_cpu_backend(1);
  EXPECT_GT(memory_limit(c, *backend), 0);
  EXPECT_LT(memory_limit(c, *backend), Backend::kUnlimited);
  c.train.memory_limit = "512MiB";
  EXPECT_EQ(memory_limit(c, *backend), 512 << 20);
}

}  // namespace
}  // namespace pg
