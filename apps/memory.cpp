// memory.cpp: free memory, and the score in /proc.
#include "apps/memory.h"

#include <fstream>

#include "data/files/memory_budget.h"
#include "data/files/shown.h"
#include "kernels/error.h"
#include "kernels/system_memory.h"
#include "model/config/bytes.h"

namespace pg::apps {

void limit_data_memory(const std::string& limit, const char* name) {
  if (limit.empty()) {
    return set_decoding_memory(default_decoding_memory(available_memory()), name);
  }
  const std::string unit = missing_unit(limit);
  PG_CHECK(unit.empty(), UsageError, name, ": ", unit);
  const auto bytes = parse_bytes(limit);
  PG_CHECK(bytes, UsageError, name, ": expected a size such as 2GB or 512MiB, got '", shown(limit),
           "'");
  set_decoding_memory(*bytes, name);
}

void require_memory(int64_t bytes, const std::string& what, const char* advice) {
  const int64_t free = available_memory(), usable = free - free / 20;
  PG_CHECK(bytes <= usable, OutOfMemoryError, what, " needs ", format_bytes(bytes),
           " of memory, but only ", format_bytes(usable), " are free; ", advice);
}

void offer_to_oom_killer() {
  constexpr int kScore = 500;  // of 1000
  const char* file = "/proc/self/oom_score_adj";
  int score = kScore;
  std::ifstream(file) >> score;
  if (score < kScore) std::ofstream(file) << kScore;  // may be forbidden
}

}  // namespace pg::apps
