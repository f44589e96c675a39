// model_report.h: the estimates of the speed model as tables or JSON lines.
#pragma once

#include <string>
#include <vector>

#include "bench/model/speed_model.h"
#include "bench/report.h"

namespace pg::bench {

struct ModelRequest {
  std::string gpu;
  std::vector<int64_t> resolutions;
  std::vector<std::string> precisions;  // tf32, bf16
  Format format = Format::table;
  int64_t longest = 0;  // calls of each resolution to list
};

// "tf32" or "bf16"; throws UsageError for any other.
Precision modelled_precision(const std::string& name);

// Estimates of iterations, and of the official schedule if all of its resolutions are requested.
void print_step_model(const ModelRequest& request);

// Estimates of single calls; cases: of one precision.
void print_case_model(const ModelRequest& request, const std::string& precision,
                      const std::vector<Case>& cases);

}  // namespace pg::bench
