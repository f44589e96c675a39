// resume_test.cpp: a run stopped anywhere and resumed is the run that was never stopped.
#include <map>
#include <nlohmann/json.hpp>

#include "data/build.h"
#include "model/training/changes.h"
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

// Every file but log.txt, by name; statistics without what the clock says.
std::map<std::string, std::string> files_of(const RunFolder& run) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(run.path())) {
    const std::string name = entry.path().filename().string();
    if (name != "log.txt" && name != "stats.jsonl") {
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      files[name] = text.str();
    }
  }
  for (const std::string& line : untimed(run)) files["stats.jsonl"] += line + "\n";
  return files;
}

void expect_same_files(const RunFolder& a, const RunFolder& b, const std::string& what) {
  const auto in_a = files_of(a), in_b = files_of(b);
  for (const auto& [name, text] : in_b) EXPECT_TRUE(in_a.contains(name)) << name << ", " << what;
  for (const auto& [name, text] : in_a) {
    const auto other = in_b.find(name);
    ASSERT_NE(other, in_b.end()) << name << ", " << what;
    EXPECT_TRUE(text == other->second) << name << " differs, " << what;
  }
}

// 2 + 16 iterations, of which the 6th to 13th fade in 8x8.
TEST_F(Resume, AtAnyIterationEqualsAnUndisturbedRunInEveryFile) {
  config_.checkpoint.best_of = "d_loss";
  const RunFolder whole = run_folder("whole");
  train(whole, kNever);
  ASSERT_EQ(untimed(whole).size(), 4u);
  for (const char* name :
       {"checkpoint-000000.safetensors", "finished-4x4.safetensors", "best.safetensors"}) {
    ASSERT_TRUE(files_of(whole).contains(name)) << name;
  }
  ASSERT_FALSE(files_of(whole).contains("latest.safetensors"));
  for (int64_t stop = 1; stop < 16; ++stop) {
    const RunFolder parts = run_folder(message("parts", stop));
    train(parts, stop);
    ASSERT_EQ(newest_checkpoint(parts).path, parts.latest_checkpoint());
    train(parts, kNever, parts.latest_checkpoint());
    expect_same_files(parts, whole, message("stopped after iteration ", stop));
  }
}

// What is left of a run that was killed is one of its checkpoints and newer statistics.
TEST_F(Resume, FromEveryCheckpointEqualsAnUndisturbedRun) {
  config_.checkpoint.every_kimg = 0.032;
  config_.checkpoint.every_minutes = 1e-9;
  config_.checkpoint.keep = 0;
  const RunFolder whole = run_folder("whole");
  train(whole, kNever);
  for (const char* name : {"checkpoint-000000.safetensors", "finished-4x4.safetensors"}) {
    const RunFolder killed = run_folder(std::string("killed-") + name);
    train(killed, kNever);
    std::filesystem::copy_file(killed.path() / name, folder_ / "left");
    std::filesystem::rename(folder_ / "left", killed.latest_checkpoint());
    train(killed, kNever, killed.latest_checkpoint());
    std::filesystem::remove(killed.path() / "superseded-checkpoint-000000.safetensors");
    expect_same_files(killed, whole, name);
  }
}

TEST_F(Resume, FilesOfTheFirstVersionStayReadable) {
  const RunFolder run = run_folder("older");
  train(run, 6);
  {
    const Safetensors stored(run.latest_checkpoint());
    Metadata metadata = stored.metadata();
    for (const char* key : {"tick_sums", "iterations", "rollbacks", "best"}) {
      ASSERT_EQ(metadata.erase(key), 1u) << key;
    }
    metadata["version"] = "1";
    for (const char* key : {"crc32", "header_crc32"}) metadata.erase(key);
    std::vector<NamedBuffer> buffers;
    for (const StoredTensor& t : stored.tensors()) {
      buffers.push_back({t.name, t.dtype, t.shape, t.data});
    }
    write_safetensors(folder_ / "older.safetensors", buffers, metadata);
  }
  train(run, kNever, folder_ / "older.safetensors");
  EXPECT_EQ(untimed(run).size(), 4u);
}

TEST_F(Resume, UnknownBestOfIsRefusedWithTheNearestName) {
  config_.checkpoint.best_of = "d_los";
  const std::string error = error_of<UsageError>([&] { train(run_folder("best"), kNever); });
  EXPECT_NE(error.find("did you mean 'd_loss'"), std::string::npos) << error;
}

TEST(Changes, AreToldWithWhatTheyMean) {
  Config before = preset("official-tf");
  resolve(before, {.resolution = 64, .channels = 3});
  EXPECT_TRUE(describe_changes(before, before, 0).empty());
  Config after = before;
  after.train.threads = 3;
  after.schedule.lod_training_kimg = 100;
  const std::vector<std::string> told = describe_changes(before, after, 1300 * 1000);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0],
            "schedule.lod_training_kimg was 600 and is 100: the schedule is another one, past "
            "images included");
  EXPECT_EQ(told[1], "train.threads was 0 and is 3: the same numbers, computed faster or slower");
  EXPECT_NE(told[2].find("the run was at 8x8 stable"), std::string::npos) << told[2];
}

}  // namespace
}  // namespace pg
