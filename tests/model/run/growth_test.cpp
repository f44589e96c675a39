// growth_test.cpp: runs that continue at a higher resolution.
#include <gtest/gtest.h>

#include "model/run/growth.h"
#include "tests/model/small_run.h"

namespace pg {
namespace {

// A finished run of 4x4, whose stage lasted twice as long as 0.032 kimg.
class Growth : public SmallRun {
 protected:
  void SetUp() override {
    SmallRun::SetUp();
    config_.schedule.minibatch_repeats = 1;
    config_.schedule.total_kimg = 0.064;
    config_.model.resolution = 4;
    before_ = config_;
    const RunFolder run = run_folder("before");
    train(run, kNever);
    checkpoint_ = *newest_checkpoint(run).path;
    config_.model.resolution = 8;
    grow_schedule(config_, before_, read_counters(open_checkpoint(checkpoint_)),
                  TotalKimg::extended);
  }
  std::unique_ptr<Backend> make_backend() override { return make_cpu_backend(threads_); }

  Config before_;
  std::filesystem::path checkpoint_;
  int threads_ = 1;
};

TEST_F(Growth, FadesInWhereTheRunWas) {
  EXPECT_EQ(config_.schedule.extra_kimg, (ByResolution<double>{{4, 0.032}}));
  EXPECT_EQ(schedule_at(config_, 64).fade.resolution, 4);
  EXPECT_EQ(schedule_at(config_, 64 + 16).fade.alpha, 0.5);
  EXPECT_EQ(schedule_at(config_, 64 + 32).lod, 0.0);
  EXPECT_EQ(total_images(config_), 64 + 32 + 32);
  EXPECT_EQ(start_of_growth(config_, 4), 65);
}

TEST_F(Growth, UnfinishedRunsKeepTheirSchedule) {
  TrainingCounters counters;
  for (const int64_t images : {0, 16, 32, 40, 63}) {
    counters.images_shown = images;
    Config grown = before_;
    grown.model.resolution = 16;
    grown.schedule.total_kimg = 1.0;
    grow_schedule(grown, before_, counters, TotalKimg::given);
    EXPECT_EQ(schedule_at(grown, images).fade.resolution, 4) << images;
    EXPECT_EQ(start_of_growth(grown, 4), std::max<int64_t>(images, 32) + 1) << images;
    EXPECT_EQ(grown.schedule.total_kimg, 1.0);
  }
}

TEST_F(Growth, StagesInIterationsContinue) {
  before_.schedule.unit = ScheduleUnit::iterations;
  before_.schedule.stage_length = 8.0;
  before_.schedule.fade_length = 4.0;
  Config grown = before_;
  grown.model.resolution = 16;
  TrainingCounters counters;
  counters.images_shown = total_images(before_);
  grow_schedule(grown, before_, counters, TotalKimg::extended);
  EXPECT_EQ(total_images(grown), 3 * 64);
  EXPECT_EQ(start_of_growth(grown, 4), 64);
}

TEST_F(Growth, KeepsSharedLayersAndDrawsTheOthersFromTheSeed) {
  const std::unique_ptr<Backend> backend = make_backend();
  Context context(*backend);
  Gan grown(context, config_);
  const Gan fresh(context, config_);
  const TrainingCounters counters = read_checkpoint(checkpoint_, grown);
  EXPECT_EQ(counters.lod, 1.0);
  const Safetensors file(checkpoint_);
  const auto drawn = fresh.state().tensors();
  size_t kept = 0, next = 0;
  for (const auto& [name, tensor] : grown.state().tensors()) {
    const StoredTensor* stored = file.find(name);
    const std::vector<double> values = to_host(tensor), initial = to_host(drawn[next++].second);
    if (stored == nullptr) {
      EXPECT_EQ(values, initial) << name;
      EXPECT_NE(name.find("/8x8/"), std::string::npos) << name;
      continue;
    }
    ++kept;
    if (stored->dtype != StoredType::f32) continue;  // the number of updates
    std::vector<float> trained(static_cast<size_t>(stored->elements()));
    file.read(*stored, std::as_writable_bytes(std::span(trained)));
    ASSERT_GE(values.size(), trained.size()) << name;
    EXPECT_TRUE(std::equal(trained.begin(), trained.end(), values.begin())) << name;
    for (size_t i = trained.size(); i < values.size(); ++i) ASSERT_EQ(values[i], 0.0) << name;
  }
  EXPECT_EQ(kept, file.tensors().size());
}

TEST_F(Growth, GivesTheSameFilesInterruptedAndWithAnyNumberOfThreads) {
  const RunFolder whole = run_folder("whole"), parts = run_folder("parts");
  train(whole, kNever, checkpoint_);
  EXPECT_TRUE(std::filesystem::exists(whole.finished_checkpoint(4)));
  threads_ = 3;
  train(parts, 3, checkpoint_);
  train(parts, 2, *newest_checkpoint(parts).path);
  train(parts, kNever, *newest_checkpoint(parts).path);
  expect_same_files(whole, parts, "interrupted");
}

TEST(Resumable, KeysThatShapeTheNetworksAreNamedWithBothValues) {
  Config before;
  resolve(before, {.resolution = 16, .channels = 3, .images = 8});
  const auto reason = [&](const std::vector<const char*>& assignments) -> std::string {
    Config after = before;
    for (const char* assignment : assignments) set_assignment(after, assignment);
    try {
      check_resumable(before, after);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  for (const char* fixed :
       {"model.channels=1", "model.latent_size=256", "model.fmap_base=64", "model.fmap_decay=2",
        "model.fmap_max=64", "model.first_bias=value", "model.mbstd_group_size=0",
        "model.conditioning=acgan", "optimizer.beta1=0.5"}) {
    const std::string key = std::string(fixed).substr(0, std::string(fixed).find('='));
    const std::string is = std::string(fixed).substr(key.size() + 1);
    EXPECT_EQ(reason({fixed}).rfind(key + " was ", 0), 0u) << reason({fixed});
    EXPECT_NE(reason({fixed}).find(is), std::string::npos) << reason({fixed});
  }
  EXPECT_EQ(reason({"model.fmap_max=64", "model.channels=1"})
                .rfind("model.channels was 3 and is 1, model.fmap_max was 512 and is 64: ", 0),
            0u);
  EXPECT_EQ(reason({"model.resolution=8"}).rfind("model.resolution was 16 and is 8: ", 0), 0u);
  for (const char* free :
       {"model.resolution=64", "model.leaky_slope=0.1", "model.fmap_base=16384",
        "model.use_pixelnorm=false", "model.mbstd_group_size=8", "loss.kind=hinge",
        "optimizer.beta2=0.9", "schedule.n_critic=2", "train.seed=5"}) {
    EXPECT_EQ(reason({free}), "") << free;
  }
}

}  // namespace
}  // namespace pg
