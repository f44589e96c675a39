// outcome.cpp: counts of results.
#include "model/selftest/outcome.h"

#include <algorithm>

namespace pg::selftest {

int64_t Report::count(Verdict verdict) const {
  return std::ranges::count_if(list, [&](const Outcome& o) { return o.verdict == verdict; });
}

TensorKernels Report::failed_families() const {
  TensorKernels failed;
  for (const Outcome& o : list) {
    if (o.verdict == Verdict::failed) failed = failed | o.family;
  }
  return failed;
}

std::vector<Outcome> Report::failed_exact() const {
  std::vector<Outcome> failed;
  for (const Outcome& o : list) {
    if (o.verdict == Verdict::failed && o.family.empty()) failed.push_back(o);
  }
  return failed;
}

}  // namespace pg::selftest
