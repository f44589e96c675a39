// memory_test.cpp: the error for a stage that does not fit into memory says how to resume.
#include <gtest/gtest.h>

#include "data/sets/build.h"
#include "model/run/trainer.h"
#include "tests/kernels/counting_backend.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

// The CPU with a limit on its memory.
class SmallBackend : public test::CountingBackend {
 public:
  SmallBackend(int64_t bytes, test::KernelCounts& counts)
      : CountingBackend(make_cpu_backend(1), counts), most_(bytes) {}
  void* allocate(int64_t bytes) override {
    PG_CHECK(used_ + bytes <= most_, OutOfMemoryError, "no memory for ", bytes, " bytes");
    used_ += bytes;
    return CountingBackend::allocate(bytes);
  }
  int64_t used() const { return used_; }

 private:
  int64_t most_, used_ = 0;
};

class Memory : public TemporaryFolder {};

TEST_F(Memory, StageThatDoesNotFitIsNamedWithAWayToResume) {
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
  ProgressOptions silent;
  silent.style = ProgressStyle::silent;
  Progress progress(config, silent);
  test::KernelCounts counts;
  const ArenaBlocks blocks{.persistent = 1 << 20, .step = 64 << 10};
  const std::atomic<bool> stop = false;
  const auto train = [&](SmallBackend& backend, double kimg) {
    config.schedule.total_kimg = kimg;
    const RunFolder run = RunFolder::create(config, "small");
    const auto log = make_logger(run.log_file(), {});
    Context context(backend, blocks);
    Trainer(context, config, dataset, run, progress, *log).run(stop);
  };
  SmallBackend enough(int64_t{1} << 40, counts);
  train(enough, 0.064);
  SmallBackend too_small(enough.used(), counts);  // 4x4 fits, 8x8 does not
  const std::string error = error_of<OutOfMemoryError>([&] { train(too_small, 0.128); });
  EXPECT_NE(error.find("8x8 fading with minibatch 16"), std::string::npos) << error;
  EXPECT_NE(error.find("--memory-limit"), std::string::npos) << error;
  EXPECT_NE(error.find("schedule.micro_batch"), std::string::npos) << error;
}

}  // namespace
}  // namespace pg
