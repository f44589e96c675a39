// dataset_check.h: `dataset check` and its two ways to tell.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "data/sets/check.h"

namespace pg::apps {

void add_dataset_check(CLI::App& dataset);

// What is told besides the report.
struct CheckedSet {
  const ImageSource& source;
  std::string where;
  int64_t resolution = 0;  // as in CheckOptions
};

// At most `listed` names of each kind.
std::string check_text(const CheckReport& report, const CheckedSet& set, int64_t listed);

// All that the report holds.
nlohmann::ordered_json check_json(const CheckReport& report, const CheckedSet& set);

}  // namespace pg::apps
