// run_folders.h: run folders with checkpoints that hold almost nothing.
#pragma once

#include "data/formats/safetensors.h"
#include "model/run/resume_point.h"
#include "tests/model/temporary_folder.h"

namespace pg {

class RunFolders : public TemporaryFolder {
 protected:
  void SetUp() override {
    TemporaryFolder::SetUp();
    config_.train.out = (folder_ / "runs").string();
    config_.model.resolution = 64;
  }

  std::filesystem::path out() const { return config_.train.out; }

  // Valid except for its tensors.
  static void write_whole(const std::filesystem::path& path, int64_t images,
                          const std::string& config = "") {
    const float weight = 1.0f;
    write_safetensors(path, std::vector<NamedBuffer>{{"w", StoredType::f32, {1}, &weight}},
                      {{"format", "progan_cuda checkpoint"},
                       {"version", "2"},
                       {"config", config},
                       {"images_shown", std::to_string(images)}});
  }

  // A run folder with checkpoints at these kimg, valid except for their tensors.
  RunFolder run_with(const std::vector<int64_t>& kimg) {
    const RunFolder run = RunFolder::create(config_, "leaves");
    for (const int64_t k : kimg) write_whole(run.checkpoint_file(k * 1000), k * 1000);
    return run;
  }

  std::string resume_error(const std::string& argument) {
    return error_of<UsageError>([&] { resolve_resume(argument, out()); });
  }

  Config config_;
};

inline std::vector<std::string> names_of(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> names;
  for (const std::filesystem::path& path : paths) names.push_back(path.filename().string());
  return names;
}

}  // namespace pg
