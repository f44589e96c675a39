// build_messages.cpp: progress of a build, and the images it skipped.
#include "apps/build_messages.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace pg::apps {

std::function<void(const BuildProgress&)> build_progress(const char* what) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [what](const BuildProgress& p) {
    const double rate = p.seconds > 0 ? static_cast<double>(p.done) / p.seconds : 0.0;
    std::fprintf(stderr, "\r\x1b[K%s: %lld of %lld images, %.0f images/s, %lld skipped", what,
                 static_cast<long long>(p.done), static_cast<long long>(p.total), rate,
                 static_cast<long long>(p.rejected));
    if (p.done == p.total) std::fputs("\n", stderr);
  };
}

void print_skipped(const Manifest& manifest) {
  constexpr size_t kShown = 10;
  const std::vector<Rejected>& skipped = manifest.rejected;
  if (skipped.empty()) return;
  std::fprintf(stderr, "skipped %zu unreadable %s:\n", skipped.size(),
               skipped.size() == 1 ? "image" : "images");
  for (size_t i = 0; i < std::min(kShown, skipped.size()); ++i) {
    std::fprintf(stderr, "  %s: %s\n", skipped[i].file.c_str(), skipped[i].reason.c_str());
  }
  if (skipped.size() > kShown) {
    std::fputs("  ... dataset.json of the data set lists all of them\n", stderr);
  }
}

}  // namespace pg::apps
