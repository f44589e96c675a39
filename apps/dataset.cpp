// dataset.cpp: builds and describes data sets.
#include "data/sets/dataset.h"
#include "apps/build_messages.h"
#include "apps/commands.h"
#include "apps/dataset_check.h"
#include "apps/memory.h"
#include "apps/option_values.h"
#include "apps/outputs.h"
#include "apps/print.h"
#include "apps/slow_note.h"
#include "apps/stop_signals.h"
#include "data/files/shown.h"
#include "data/sources/dataset_json.h"
#include "kernels/error.h"

namespace pg::apps {
namespace {

struct DatasetOptions {
  std::string source, folder, memory_limit, fit = "auto", background = "black", range = "full";
  int64_t resolution = 0, channels = 0, threads = 0;
  bool strict = false, overwrite = false, keep_paths = false;
};

void print_dataset(const Dataset& d) {
  const Manifest& m = d.manifest();
  print("folder      {}\nsource      {}\nimages      {}\nresolution  {}, {}, fit {}\n", d.folder(),
        m.source, d.count(), d.max_resolution(), counted(d.channels(), "channel"), m.fit);
  std::vector<int64_t> counts(m.label_names.size());
  for (int64_t i = 0; i < d.count() && !counts.empty(); ++i) {
    ++counts[static_cast<size_t>(d.label(i))];
  }
  for (size_t k = 0; k < counts.size(); ++k) {
    print("class {:<4}  {}, {}\n", k, counted(counts[k], "image"), m.label_names[k]);
  }
  print("skipped     {}, {}\n", counted(std::ssize(m.rejected), "image"),
        counted(m.ignored_files, "other file"));
  for (const Rejected& r : m.rejected) print("  {}: {}\n", r.file, r.reason);
}

void info(const DatasetOptions& o) {
  PG_CHECK(std::filesystem::exists(o.folder), UsageError, "cannot find the data set '",
           shown(o.folder), "'; check the path");
  PG_CHECK(is_dataset_folder(o.folder), UsageError, "'", shown(o.folder),
           "' is not a built data set; 'progan_cuda dataset check ", shown(o.folder),
           "' describes images as they are");
  print_dataset(Dataset(o.folder));
}

std::unique_ptr<ImageSource> open(const std::string& where) {
  const SlowNote slow(looking_for_images(where));
  return open_source(where);
}

void build(const DatasetOptions& o) {
  check_folder_name("--out", o.folder);
  limit_data_memory(o.memory_limit, "--memory-limit");
  const auto source = open(o.source);
  print_notes(*source);
  BuildOptions options;
  options.resolution = o.resolution;
  options.channels = o.channels;
  if (const Fit fit = parse_fit(o.fit); fit != Fit::automatic) options.fit = fit;
  options.background = parse_background(o.background, "--background");
  options.range = parse_range(o.range, "--range");
  options.threads = o.threads;
  options.strict = o.strict ? Strict::yes : Strict::no;
  options.existing = o.overwrite ? Existing::replace : Existing::refuse;
  options.paths = o.keep_paths ? Paths::keep : Paths::strip;
  const StopSignals signals;  // nothing is written before
  const auto show = build_progress("Building");
  options.progress = [&show](const BuildProgress& p) {
    if (show) show(p);
    check_stop(message("after ", p.done, " of ", p.total, " images; nothing was written"));
  };
  const BuildReport report = build_dataset(*source, o.source, o.folder, options);
  print_skipped(report.manifest);
  print_advice(report.advice);
  print("built {} of {}x{} in {}\n", counted(report.manifest.count, "image"),
        report.manifest.resolution, report.manifest.resolution, report.folder);
  const std::string classes = classes_text(Dataset(report.folder));
  if (!classes.empty()) print("{}\n", classes);
}

}  // namespace

void add_dataset(Command& app) {
  Command* cmd = app.add_subcommand("dataset", "Build, describe or check data sets");
  cmd->require_subcommand(1);
  auto o = std::make_shared<DatasetOptions>();

  Command* b = cmd->add_subcommand("build", "Build a data set from images");
  b->add_option("-d,--data,SOURCE", o->source, kSourceHelp)->required();
  b->add_option("-o,--out", o->folder, "folder to create")->required();
  b->add_option("--resolution", o->resolution,
                "size in pixels, a power of two from 4 to 1024 (default: the largest one up to the "
                "median of the images' shorter sides)");
  b->add_option("--channels", o->channels,
                "1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha) (default: 1 for idx files, "
                "else 3)")
      ->check(Range(1, 4));
  b->add_option("--fit", o->fit, kFitHelp);
  b->add_option("--background", o->background,
                "colour behind transparent parts and of padding: black, white, gray or #rrggbb "
                "(default: black)");
  b->add_option("--range", o->range,
                "samples that become black and white: full, auto or LOW-HIGH, such as 0-4095 for "
                "12 bits in 16 (default: full)");
  b->add_option("--threads", o->threads, kThreadsHelp)->check(Range(0, 4096));
  b->add_option("--memory-limit", o->memory_limit, kDataMemoryHelp);
  b->add_flag("--strict", o->strict, "fail at the first unreadable image instead of skipping it");
  b->add_flag("--overwrite", o->overwrite, "replace an existing data set");
  b->add_flag("--keep-paths", o->keep_paths,
              "let dataset.json name the folder of SOURCE, and skipped files with it");
  b->callback([o] { build(*o); });

  Command* i = cmd->add_subcommand("info", "Describe a built data set");
  i->add_option("-d,--data,FOLDER", o->folder, "folder of a built data set")->required();
  i->callback([o] { info(*o); });

  add_dataset_check(*cmd);
}

}  // namespace pg::apps
