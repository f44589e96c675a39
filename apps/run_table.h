// run_table.h: what a new run will do, printed before it starts.
#pragma once

#include <vector>

#include "model/plan/fit.h"
#include "model/plan/speed.h"

namespace pg::apps {

struct RunOutlook {
  const Config& config;  // resolved
  const std::vector<ResolutionMemory>& memory;
  Speed speed;                  // empty: unknown
  int64_t data_resolution = 0;  // largest that the images have
  int64_t first_image = 0;      // where a run that continues a checkpoint starts
};

// To standard error: the choice of the recipe; a table with stage, images, time, memory and the
// time of day at which each stage ends; and how to get better images.
void print_run_table(const RunOutlook& run);

// To standard error: what is unusual about the run, and too little space in train.out.
void print_warnings(const RunOutlook& run);

}  // namespace pg::apps
