// small_run.h: a training run of 16 iterations through every stage up to 8x8, and its files.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "data/sets/build.h"
#include "model/run/trainer.h"
#include "tests/model/temporary_folder.h"

namespace pg {

inline constexpr int64_t kNever = -1;

class SmallRun : public TemporaryFolder {
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

  // Trains `run` for so many iterations, resumed from `from` if given.
  void train(const RunFolder& run, int64_t iterations, const std::filesystem::path& from = {}) {
    const std::unique_ptr<Backend> backend = make_backend();
    Context context(*backend);
    const Dataset dataset(folder_ / "data");
    std::atomic<bool> stop = false;
    int64_t done = 0;
    std::ostringstream screen;
    ProgressOptions how;  // its clock is read once in each iteration
    how.out = &screen;
    how.style = ProgressStyle::lines;
    how.clock = [&] {
      stop = ++done == iterations || stop;
      if (each_iteration_) each_iteration_();
      return static_cast<double>(done);
    };
    Progress progress(config_, how);
    const auto log = make_logger(run.log_file(), {});
    Trainer trainer(context, config_, dataset, run, progress, *log);
    if (!from.empty()) trainer.resume(from);
    trainer.run(stop);
  }

  virtual std::unique_ptr<Backend> make_backend() { return make_cpu_backend(1); }

  RunFolder run_folder(const std::string& name) {
    std::filesystem::create_directories(folder_ / name);
    return RunFolder(folder_ / name);
  }

  Config config_;
  std::function<void()> each_iteration_;
};

// The lines of a file of statistics without "timing".
inline std::vector<std::string> untimed_lines(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  for (const std::string& text : read_stats(file)) {
    auto line = nlohmann::ordered_json::parse(text);
    EXPECT_EQ(line.erase("timing"), 1u) << text;
    lines.push_back(line.dump());
  }
  return lines;
}

inline std::vector<std::string> untimed(const RunFolder& run) {
  return untimed_lines(run.stats_file());
}

// Every file except log.txt, by name; statistics without "timing".
inline std::map<std::string, std::string> files_of(const RunFolder& run) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(run.path())) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with("stats.jsonl")) {
      for (const std::string& line : untimed_lines(entry.path())) files[name] += line + "\n";
    } else if (name != "log.txt") {
      std::ostringstream text;
      text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      files[name] = text.str();
    }
  }
  return files;
}

inline void expect_same_files(const RunFolder& a, const RunFolder& b, const std::string& what) {
  const auto in_a = files_of(a), in_b = files_of(b);
  for (const auto& [name, text] : in_b) EXPECT_TRUE(in_a.contains(name)) << name << ", " << what;
  for (const auto& [name, text] : in_a) {
    const auto other = in_b.find(name);
    ASSERT_NE(other, in_b.end()) << name << ", " << what;
    EXPECT_TRUE(text == other->second) << name << " differs, " << what;
  }
}

}  // namespace pg
