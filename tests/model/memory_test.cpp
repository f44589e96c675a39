// memory_test.cpp: a stage that does not fit into memory is named, with a way to go on.
#include <gtest/gtest.h>

#include "data/build.h"
#include "model/training/trainer.h"
#include "tests/kernels/counting_backend.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

// The CPU with little memory.
class SmallBackend : public test::CountingBackend {
 public:
  SmallBackend(int64_t bytes, test::KernelCounts& counts)
      : CountingBackend(make_cpu_backend(1), counts), left_(bytes) {}
  void* allocate(int64_t bytes) override {
    PG_CHECK(bytes <= left_, OutOfMemoryError, "there is no memory for ", bytes, " bytes");
    left_ -= bytes;
    return CountingBackend::allocate(bytes);
  }

 private:
  int64_t left_;
};

class Memory : public TemporaryFolder {};

TEST_F(Memory, StageThatDoesNotFitIsNamedWithAWayToGoOn) {
  BuildOptions options;
  options.resolution = 8;
  build_dataset(*open_source("builtin:shapes:64"), "builtin:shapes:64", folder_ / "data", options);
  const Dataset dataset(folder_ / "data");
  Config config = preset("official-tf");
  config.model.fmap_base = 64;
  config.model.latent_size = 8;
  config.schedule.lod_training_kimg = config.schedule.lod_transition_kimg = 0.064;
  config.schedule.max_minibatch = 16;
  config.schedule.minibatch_repeats = 1;
  config.train.image_grid = "1x1";
  config.train.out = (folder_ / "runs").string();
  resolve(config, {.resolution = 8, .channels = 3});
  const RunFolder run = RunFolder::create(config, "small");
  Progress progress(config, {.style = ProgressStyle::silent});
  const auto log = make_logger(run.log_file(), {});
  test::KernelCounts counts;
  SmallBackend backend((4 << 20) + (256 << 10), counts);
  Context context(backend, {.persistent = 1 << 20, .step = 128 << 10});
  Trainer trainer(context, config, dataset, run, progress, *log);
  const std::atomic<bool> stop = false;
  const std::string error = error_of<OutOfMemoryError>([&] { trainer.run(stop); });
  EXPECT_EQ(trainer.counters().images_shown, 64) << "4x4 must fit, 8x8 must not: " << error;
  EXPECT_NE(error.find("8x8 fading with minibatch 16"), std::string::npos) << error;
  EXPECT_NE(error.find("max_minibatch=8"), std::string::npos) << error;
}

}  // namespace
}  // namespace pg
