// resume_test.cpp: a run stopped anywhere and resumed is the run that was never stopped.
#include <nlohmann/json.hpp>

#include "data/build.h"
#include "model/training/safetensors.h"
#include "model/training/trainer.h"
#include "tests/model/temporary_folder.h"

namespace pg {
namespace {

constexpr int64_t kNever = -1;

class Resume : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    BuildOptions options;
    options.resolution = 8;
    build_dataset(*open_source("builtin:shapes:64"), "builtin:shapes:64", folder_ / "data",
                  options);
    config_ = preset("official-tf");
    config_.model.fmap_base = 32;
    config_.model.latent_size = 8;
    config_.schedule.lod_training_kimg = config_.schedule.lod_transition_kimg = 0.032;
    config_.schedule.max_minibatch = 8;
    config_.schedule.minibatch_repeats = 2;
    config_.schedule.tick_kimg.clear();
    config_.schedule.tick_kimg_base = 0.032;
    config_.schedule.total_kimg = 0.128;
    config_.train.image_grid = "2x2";
    resolve(config_, {.resolution = 8, .channels = 3});
  }

  // Trains `run`, from `from` where that is given, until so many iterations are done.
  void train(const RunFolder& run, int64_t iterations, const std::filesystem::path& from = {}) {
    const std::unique_ptr<Backend> backend = make_cpu_backend(1);
    Context context(*backend);
    const Dataset dataset(folder_ / "data");
    std::atomic<bool> stop = false;
    int64_t done = 0;
    std::ostringstream screen;
    ProgressOptions how;  // asks for the time once in each iteration
    how.out = &screen;
    how.style = ProgressStyle::lines;
    how.clock = [&] {
      stop = ++done == iterations || stop;
      return static_cast<double>(done);
    };
    Progress progress(config_, how);
    const auto log = make_logger(run.log_file(), {});
    Trainer trainer(context, config_, dataset, run, progress, *log);
    if (!from.empty()) trainer.resume(from);
    trainer.run(stop);
  }

  RunFolder run_folder(const std::string& name) {
    std::filesystem::create_directories(folder_ / name);
    return RunFolder(folder_ / name);
  }

  Config config_;
};

// The lines without what the clock says.
std::vector<std::string> untimed(const RunFolder& run) {
  std::vector<std::string> lines;
  for (const std::string& text : read_stats(run.stats_file())) {
    auto line = nlohmann::ordered_json::parse(text);
    EXPECT_EQ(line.erase("timing"), 1u) << text;
    lines.push_back(line.dump());
  }
  return lines;
}

TEST_F(Resume, AtAnyIterationEqualsAnUndisturbedRunInEveryFile) {
  const RunFolder whole = run_folder("whole");
  train(whole, kNever);
  ASSERT_EQ(untimed(whole).size(), 4u);
  for (int64_t stop = 1; stop < 16; ++stop) {
    const RunFolder parts = run_folder(message("parts", stop));
    train(parts, stop);
    train(parts, kNever, *latest_checkpoint(parts));
    EXPECT_EQ(untimed(parts), untimed(whole)) << "stopped after iteration " << stop;
    for (const auto& file : {whole.checkpoint_file(128), whole.fakes_image(128)}) {
      EXPECT_TRUE(read_text(parts.path() / file.filename()) == read_text(file))
          << file.filename() << " of a run stopped after iteration " << stop;
    }
  }
}

// A file written before there were sums of a tick.
TEST_F(Resume, FilesWithoutSumsOfATickStayReadable) {
  const RunFolder run = run_folder("older");
  train(run, 6);
  const std::filesystem::path file = *latest_checkpoint(run);
  {
    const Safetensors stored(file);
    Metadata metadata = stored.metadata();
    ASSERT_EQ(metadata.erase("tick_sums"), 1u);
    std::vector<NamedBuffer> buffers;
    for (const StoredTensor& t : stored.tensors()) {
      buffers.push_back({t.name, t.dtype, t.shape, t.data});
    }
    write_safetensors(folder_ / "older.safetensors", buffers, metadata);
  }
  train(run, kNever, folder_ / "older.safetensors");
  EXPECT_EQ(untimed(run).size(), 4u);
}

}  // namespace
}  // namespace pg
