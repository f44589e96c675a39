// resumed_run.h: the run that --resume names, and how it continues.
#pragma once

#include <memory>
#include <string>

#include "apps/run_options.h"
#include "model/run/growth.h"
#include "model/run/resume_point.h"

namespace pg::apps {

// Locked if training continues in its folder.
struct ResumedRun {
  ResumePoint point;
  Config before;  // at the checkpoint
  TrainingCounters counters;
  std::unique_ptr<RunLock> lock;

  bool grows(const Config& config) const {
    return config.model.resolution > before.model.resolution;
  }
  // `before` without what changes by itself: when a run grows, and in a new run.
  Config compared_with(const Config& config) const;
};

// Throws as resolve_resume and open_checkpoint.
ResumedRun find_resumed_run(const std::string& argument, const RunOptions& o);

// The configuration with which it continues. A run that grows is a new one beside the old one
// (point.continues is then false). `newest`: the run was not named. Throws UsageError (keys that
// cannot change, images that are not those of the newest run), IoError if the images of the run are
// gone.
Config resumed_config(ResumedRun& run, const RunOptions& o, bool newest);

// Whether the run has shown all its images; then says so, and how to train it further.
bool nothing_is_left(const ResumedRun& run, const Config& config);

// "resumed from FILE", "grown from ...": for the log.
std::string resume_text(const ResumedRun& run, const Config& config);

}  // namespace pg::apps
