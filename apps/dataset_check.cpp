// dataset_check.cpp: checks a set of images before training on it.
#include "apps/dataset_check.h"

#include <optional>

#include "apps/build_messages.h"
#include "apps/memory.h"
#include "apps/option_values.h"
#include "apps/outputs.h"
#include "apps/print.h"
#include "apps/slow_note.h"
#include "apps/stop_signals.h"
#include "data/files/shown.h"
#include "data/images/png.h"
#include "data/sets/built_source.h"
#include "data/sets/contact_sheet.h"
#include "data/sets/dataset.h"
#include "data/sources/dataset_json.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

struct CheckCommand {
  std::string source, sheet, pairs, memory_limit, fit = "auto";
  int64_t resolution = 0, threads = 0, listed = 10;
  bool json = false;
  Force force = Force::no;
};

// The images to write, checked before the work starts; none where the option is not given.
struct SheetFiles {
  explicit SheetFiles(const CheckCommand& o) {
    must_differ("--sheet", o.sheet, "--pairs", o.pairs);
    if (!o.sheet.empty()) sheet.emplace("--sheet", o.sheet, kPngFile, o.force);
    if (!o.pairs.empty()) pairs.emplace("--pairs", o.pairs, kPngFile, o.force);
  }

  // Throws UsageError if one of them is an image of `source`, which lies in the folder `where`.
  void must_not_be_read(const ImageSource& source, const std::string& where) const {
    for (const auto* file : {&sheet, &pairs}) {
      std::error_code error;
      if (!*file || !std::filesystem::exists((*file)->path().path(), error)) continue;
      const auto name = std::filesystem::relative((*file)->path().path(), where, error).string();
      for (int64_t i = 0; i < source.count() && !name.starts_with(".."); ++i) {
        if (source.name(i) == name) (*file)->must_not_be((*file)->path().path().string());
      }
    }
  }

  std::optional<OutputFile> sheet, pairs;
};

// The checksums of a built data set are verified first.
std::unique_ptr<ImageSource> open_any(const std::string& where) {
  if (where.starts_with("builtin:") || !is_dataset_folder(where)) {
    const SlowNote slow(looking_for_images(where));
    return open_source(where);
  }
  Dataset(where).verify(
      [](double) { check_stop("while verifying checksums; nothing was written"); });
  return open_built_source(where);
}

Fit fit_of(const ImageSource& source, const CheckCommand& o) {
  const Fit fit = parse_fit(o.fit);
  return fit == Fit::automatic ? source.default_fit() : fit;
}

void write_sheets(const CheckReport& report, const ImageSource& source, const CheckCommand& o,
                  const SheetFiles& files) {
  constexpr size_t kMostPairs = 48;
  SheetOptions options;
  options.fit = fit_of(source, o);
  if (files.sheet) write_png(files.sheet->path(), contact_sheet(source, report.drawn, options));
  if (!files.pairs) return;
  std::vector<NearPair> pairs;
  for (const auto& group : report.duplicates.exact) {
    if (pairs.size() < kMostPairs / 2) pairs.push_back({group[0], group[1], 0});
  }
  for (const NearPair& pair : report.duplicates.near) {
    if (pairs.size() < kMostPairs) pairs.push_back(pair);
  }
  if (pairs.empty()) {
    note("no two images are similar; {} was not written\n", o.pairs);
  } else {
    write_png(files.pairs->path(), pair_sheet(source, pairs, options));
  }
}

void check(const CheckCommand& o) {
  PG_CHECK(o.listed >= 0, UsageError, "--list: expected 0 or more, got ", o.listed);
  parse_fit(o.fit);
  const SheetFiles files(o);
  limit_data_memory(o.memory_limit, "--memory-limit");
  const StopSignals signals;
  const auto source = open_any(o.source);
  print_notes(*source);
  files.must_not_be_read(*source, o.source);
  CheckOptions options;
  options.resolution = o.resolution;
  options.fit = fit_of(*source, o);
  options.threads = o.threads;
  const auto show = build_progress("Checking");
  options.progress = [&](const BuildProgress& p) {
    if (show) show(p);
    check_stop(message("after ", p.done, " of ", p.total, " images; nothing was written"));
  };
  const CheckReport report = check_images(*source, options);
  const CheckedSet set{*source, o.source, o.resolution};
  const std::string text =
      o.json ? check_json(report, set)
                       .dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) +
                   "\n"
             : check_text(report, set, o.listed);
  write_output(text);
  print_advice(advice_on(report.values, {.channels = source->default_channels()}));
  PG_CHECK(report.usable > 0, FormatError, "no image in ", o.source, " is usable",
           report.broken.empty() ? ""
                                 : message("; the first, ", shown(report.broken.front().file), ", ",
                                           report.broken.front().reason));
  write_sheets(report, *source, o, files);
}

}  // namespace

void add_dataset_check(Command& dataset) {
  Command* cmd = dataset.add_subcommand(
      "check", "Check every image: formats, sizes, colours, duplicates, broken files");
  auto o = std::make_shared<CheckCommand>();
  cmd->add_option("-d,--data,SOURCE", o->source,
                  std::string(kSourceHelp) + "; or a built data set (verifies its checksums first)")
      ->required();
  cmd->add_option("--resolution", o->resolution, "also count the images smaller than this");
  cmd->add_option("--sheet", o->sheet, "PNG to write: 96 images, evenly spaced over the set");
  cmd->add_option("--pairs", o->pairs, "PNG to write: up to 48 pairs of equal or similar images");
  add_force(*cmd, o->force);
  cmd->add_option("--fit", o->fit, kFitHelp);
  cmd->add_option("--list", o->listed, "maximum names per list (default: 10)")
      ->check(Range(0, 1000000));
  cmd->add_option("--threads", o->threads, kThreadsHelp)->check(Range(0, 4096));
  cmd->add_option("--memory-limit", o->memory_limit, kDataMemoryHelp);
  cmd->add_flag("--json", o->json, "print one JSON object with all names");
  cmd->callback([o] { check(*o); });
}

}  // namespace pg::apps
