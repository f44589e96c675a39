// dataset_check.cpp: looks at a set of images before anyone trains on it.
#include "apps/dataset_check.h"

#include <cstdio>

#include "apps/common.h"
#include "apps/stop_signals.h"
#include "data/images/png.h"
#include "data/sets/built_source.h"
#include "data/sets/contact_sheet.h"
#include "data/sources/label_file.h"

namespace pg::apps {
namespace {

struct CheckCommand {
  std::string source, sheet, pairs, fit = "auto";
  int64_t resolution = 0, threads = 0, listed = 10;
  bool json = false;
};

// Nothing is half done then.
void check_stop(const std::string& where) {
  if (StopSignals::requested()) throw Error(message("stopped ", where, "; nothing was written"));
}

// A built data set is verified first: its files must be what was written.
std::unique_ptr<ImageSource> open_any(const std::string& where) {
  if (where.starts_with("builtin:") || !is_dataset_folder(where)) return open_source(where);
  Dataset(where).verify([](double) { check_stop("while checksums were compared"); });
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
    std::fprintf(stderr, "no two images are alike, so %s is not written\n", o.pairs.c_str());
  } else {
    write_png(o.pairs, pair_sheet(source, pairs, options));
  }
}

void check(const CheckCommand& o) {
  PG_CHECK(o.listed >= 0, UsageError, "cannot list ", o.listed, " names; give 0 or more");
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
  PG_CHECK(report.usable > 0, FormatError, "none of the ", report.images, " images of ", o.source,
           " is usable, the first one for this reason: ",
           report.broken.empty() ? "there are none" : report.broken.front().reason);
  write_sheets(report, *source, o);
}

}  // namespace

void add_dataset_check(CLI::App& dataset) {
  CLI::App* cmd = dataset.add_subcommand(
      "check", "Look at every picture: counts, sizes, colours, duplicates, broken files");
  auto o = std::make_shared<CheckCommand>();
  cmd->add_option("SOURCE", o->source,
                  "folder or zip of pictures, idx or CIFAR-10 files, builtin:shapes, or a built "
                  "data set, whose checksums are compared, too")
      ->required();
  cmd->add_option("--resolution", o->resolution, "count the pictures that are smaller");
  cmd->add_option("--sheet", o->sheet, "PNG to write: 96 pictures drawn evenly");
  cmd->add_option("--pairs", o->pairs, "PNG to write: up to 48 pairs of equal or similar pictures");
  cmd->add_option("--fit", o->fit, "auto, crop, pad or stretch: how sheets show pictures");
  cmd->add_option("--list", o->listed, "names listed of each kind (default: 10)");
  cmd->add_option("--threads", o->threads, "threads (default: all cores)");
  cmd->add_flag("--json", o->json, "print one JSON object with all names");
  cmd->callback([o] { check(*o); });
}

}  // namespace pg::apps
