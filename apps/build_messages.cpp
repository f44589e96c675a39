// build_messages.cpp: progress of a build, and the images it skipped.
#include "apps/build_messages.h"

#include <unistd.h>

#include <algorithm>

#include "apps/print.h"
#include "data/files/shown.h"
#include "kernels/error.h"

namespace pg::apps {

std::function<void(const BuildProgress&)> build_progress(const char* what) {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [what](const BuildProgress& p) {
    const double rate = p.seconds > 0 ? static_cast<double>(p.done) / p.seconds : 0.0;
    note("\r\x1b[K{}: {} of {} images, {:.0f} images/s, {} skipped", what, p.done, p.total, rate,
         p.rejected);
    if (p.done == p.total) note("\n");
  };
}

void print_notes(const ImageSource& source) {
  for (const std::string& sentence : source.notes()) note("note: {}\n", sentence);
}

void print_advice(const std::vector<std::string>& advice) {
  for (const std::string& sentence : advice) note("hint: {}\n", sentence);
}

std::string classes_text(const Dataset& dataset) {
  constexpr size_t kShown = 12;
  const std::vector<std::string>& names = dataset.manifest().label_names;
  if (names.size() < 2) return "";  // nothing to choose between
  std::vector<int64_t> counts(names.size());
  for (int64_t i = 0; i < dataset.count() && !names.empty(); ++i) {
    ++counts[static_cast<size_t>(dataset.label(i))];
  }
  std::vector<std::string> parts;
  for (size_t k = 0; k < std::min(kShown, names.size()); ++k) {
    parts.push_back(message(shown(names[k]), " (", counts[k], ")"));
  }
  if (names.size() > kShown) parts.emplace_back("...");
  return names.empty() ? "" : message(names.size(), " classes: ", joined(parts));
}

void print_skipped(const Manifest& manifest) {
  constexpr size_t kShown = 10;
  const std::vector<Rejected>& skipped = manifest.rejected;
  if (skipped.empty()) return;
  note("skipped {} unreadable {}:\n", skipped.size(), skipped.size() == 1 ? "image" : "images");
  for (size_t i = 0; i < std::min(kShown, skipped.size()); ++i) {
    note("  {}: {}\n", skipped[i].file, skipped[i].reason);
  }
  if (skipped.size() > kShown) {
    note("  ... dataset.json of the data set lists all of them\n");
  }
}

}  // namespace pg::apps
