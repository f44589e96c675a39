// dataset_check.cpp: checks a set of images before training on it.
#include "apps/dataset_check.h"

#include <cstdio>

#include "apps/build_messages.h"
#include "apps/option_values.h"
#include "apps/stop_signals.h"
#include "data/images/png.h"
#include "data/sets/built_source.h"
#include "data/sets/contact_sheet.h"
#include "data/sets/dataset.h"
#include "data/sources/label_file.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

struct CheckCommand {
  std::string source, sheet, pairs, fit = "auto";
  int64_t resolution = 0, threads = 0, listed = 10;
  bool json = false;
};

// Ends the command before anything is written.
void check_stop(const std::string& where) {
  if (StopSignals::requested()) throw Error(message("stopped ", where, "; nothing was written"));
}

// The checksums of a built data set are verified first.
std::unique_ptr<ImageSource> open_any(const std::string& where) {
  if (where.starts_with("builtin:") || !is_dataset_folder(where)) return open_source(where);
  Dataset(where).verify([](double) { check_stop("while verifying checksums"); });
  return open_built_source(where);
}

void write_sheets(const CheckReport& report, const ImageSource& source, const CheckCommand& o) {
  constexpr size_t kMostPairs = 48;
  SheetOptions options;
  const Fit fit = parse_fit(o.fit);
  options.fit = fit == Fit::automatic ? source.default_fit() : fit;
  if (!o.sheet.empty()) write_png(o.sheet, contact_sheet(source, report.drawn, options));
  if (o.pairs.empty()) return;
  std::vector<NearPair> pairs;
  for (const auto& group : report.duplicates.exact) {
    if (pairs.size() < kMostPairs / 2) pairs.push_back({group[0], group[1], 0});
  }
  for (const NearPair& pair : report.duplicates.near) {
    if (pairs.size() < kMostPairs) pairs.push_back(pair);
  }
  if (pairs.empty()) {
    std::fprintf(stderr, "no two images are similar; %s was not written\n", o.pairs.c_str());
  } else {
    write_png(o.pairs, pair_sheet(source, pairs, options));
  }
}

void check(const CheckCommand& o) {
  PG_CHECK(o.listed >= 0, UsageError, "--list: expected 0 or more, got ", o.listed);
  parse_fit(o.fit);
  const StopSignals signals;
  const auto source = open_any(o.source);
  CheckOptions options;
  options.resolution = o.resolution;
  options.threads = o.threads;
  const auto show = build_progress("Checking");
  options.progress = [&](const BuildProgress& p) {
    if (show) show(p);
    check_stop(message("after ", p.done, " of ", p.total, " images"));
  };
  const CheckReport report = check_images(*source, options);
  const CheckedSet set{*source, o.source, o.resolution};
  const std::string text =
      o.json ? check_json(report, set)
                       .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                   "\n"
             : check_text(report, set, o.listed);
  std::fputs(text.c_str(), stdout);
  PG_CHECK(report.usable > 0, FormatError, "none of the ", report.images, " images in ", o.source,
           " is usable",
           report.broken.empty() ? "" : "; first error: " + report.broken.front().reason);
  write_sheets(report, *source, o);
}

}  // namespace

void add_dataset_check(CLI::App& dataset) {
  CLI::App* cmd = dataset.add_subcommand(
      "check", "Check every image: formats, sizes, colours, duplicates, broken files");
  auto o = std::make_shared<CheckCommand>();
  cmd->add_option("SOURCE", o->source,
                  std::string(kSourceHelp) + "; or a built data set (verifies its checksums first)")
      ->required();
  cmd->add_option("--resolution", o->resolution, "also count the images smaller than this");
  cmd->add_option("--sheet", o->sheet, "PNG to write: 96 images, evenly spaced over the set");
  cmd->add_option("--pairs", o->pairs, "PNG to write: up to 48 pairs of equal or similar images");
  cmd->add_option("--fit", o->fit, kFitHelp);
  cmd->add_option("--list", o->listed, "maximum names per list (default: 10)");
  cmd->add_option("--threads", o->threads, kThreadsHelp);
  cmd->add_flag("--json", o->json, "print one JSON object with all names");
  cmd->callback([o] { check(*o); });
}

}  // namespace pg::apps
