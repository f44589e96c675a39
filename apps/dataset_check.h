// dataset_check.h: the command `dataset check` and its two output formats.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "apps/command_line/command.h"
#include "data/sets/check.h"

namespace pg::apps {

void add_dataset_check(Command& dataset);

// The context of a report.
struct CheckedSet {
  const ImageSource& source;
  std::string where;
  int64_t resolution = 0;  // as in CheckOptions
};

// For people; at most `listed` names per list.
std::string check_text(const CheckReport& report, const CheckedSet& set, int64_t listed);

// For programs; everything in the report.
nlohmann::ordered_json check_json(const CheckReport& report, const CheckedSet& set);

}  // namespace pg::apps
