// resume_point.h: which run and which checkpoint a name on the command line means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/run/checkpoint_list.h"

namespace pg {

struct ResumePoint {
  RunFolder run;
  std::filesystem::path checkpoint;
  std::vector<std::string> broken;  // newer files that were skipped, see NewestCheckpoint
  // Whether training writes to `run`. False for a checkpoint that lies in no run folder, such as an
  // imported one, or in that of another run: it starts a new run, and its folder is not touched.
  bool continues = false;
};

// Whether a folder is that of a run, by what its files hold: a config.toml with every section, as a
// run writes it, and no log.txt or stats.jsonl of another program. Throws IoError if one of these
// is not a file.
bool is_run_folder(const std::filesystem::path& folder);

// Runs in `out` whose folders were given names without a number, in the order of their names.
std::vector<RunFolder> renamed_runs_in(const std::filesystem::path& out);

// Resolves ARGUMENT of --resume and --from: a checkpoint file, or a link to one; a run folder (its
// newest undamaged checkpoint) given by path, by name in `out` or by number in `out`; empty: the
// newest run in `out` that has a checkpoint, a renamed one if no other has. With `lock`, a run that
// continues is locked before its checkpoint is chosen, so no other trainer writes a newer one in
// between. Throws UsageError if there is none, or a lock is held; IoError; NewerFormatError.
ResumePoint resolve_resume(const std::string& argument, const std::filesystem::path& out,
                           std::unique_ptr<RunLock>* lock = nullptr);

// Resolves and opens a checkpoint to read from, even if a trainer removes old ones meanwhile.
// `skipped`: receives a sentence for each newer, damaged file. Throws as resolve_resume and
// open_checkpoint.
Safetensors open_resume(const std::string& argument, const std::filesystem::path& out,
                        std::vector<std::string>* skipped = nullptr);

// The same for commands that use the networks as they are: also an exported network
// (network_file.h).
Safetensors open_networks(const std::string& argument, const std::filesystem::path& out,
                          std::vector<std::string>* skipped = nullptr);

}  // namespace pg
