// run_list.h: the runs in a folder and how far each has come, without disturbing any of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "model/config/fade.h"

namespace pg {

// A run with a checkpoint is stopped or finished, whatever ended its program.
enum class RunState { running, finished, stopped, empty, damaged };

struct ListedRun {
  std::filesystem::path folder;
  int64_t number = 0;
  RunState state = RunState::damaged;
  std::string problem;  // why it is damaged
  int64_t process = 0;  // that trains it, if it is running; 0: unknown
  Fade fade;            // of the newest state that is known
  int64_t images_shown = 0;
  int64_t total_images = 0;  // 0: unknown
  double seconds = 0.0;      // trained, by stats.jsonl
  int64_t changed = 0;  // the last write of statistics or checkpoints, in Unix seconds; 0: none
};

// The name of a state: "running".
const char* state_name(RunState state);

// The process that holds the RunLock of `folder`, by the lock table of the system; 0 if it is not
// visible here. Nothing if it is not locked, or if the system has no such table. Never takes the
// lock, which would keep a trainer from taking it.
std::optional<int64_t> training_process(const std::filesystem::path& folder);

// All runs in `out`, newest number first; damaged ones, too. Numbered folders that hold nothing of
// a run are skipped. Throws IoError if `out` cannot be read.
std::vector<ListedRun> list_runs(const std::filesystem::path& out);

}  // namespace pg
