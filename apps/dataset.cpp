// dataset.cpp: builds and describes data sets.
#include <cstdio>

#include "apps/build_messages.h"
#include "apps/commands.h"
#include "apps/dataset_check.h"
#include "apps/option_values.h"
#include "data/sets/dataset.h"

namespace pg::apps {
namespace {

struct DatasetOptions {
  std::string source, folder, fit = "auto";
  int64_t resolution = 0, channels = 0, threads = 0;
  bool strict = false, overwrite = false;
};

void print_dataset(const Dataset& d) {
  const Manifest& m = d.manifest();
  std::printf(
      "folder      %s\nsource      %s\nimages      %lld\nresolution  %lld, %lld channels, fit %s\n",
      d.folder().c_str(), m.source.c_str(), static_cast<long long>(d.count()),
      static_cast<long long>(d.max_resolution()), static_cast<long long>(d.channels()),
      m.fit.c_str());
  std::vector<int64_t> counts(m.label_names.size());
  for (int64_t i = 0; i < d.count() && !counts.empty(); ++i) {
    ++counts[static_cast<size_t>(d.label(i))];
  }
  for (size_t k = 0; k < counts.size(); ++k) {
    std::printf("class %-4zu  %lld images, %s\n", k, static_cast<long long>(counts[k]),
                m.label_names[k].c_str());
  }
  std::printf("skipped     %zu images, %lld other files\n", m.rejected.size(),
              static_cast<long long>(m.ignored_files));
  for (const Rejected& r : m.rejected) std::printf("  %s: %s\n", r.file.c_str(), r.reason.c_str());
}

void build(const DatasetOptions& o) {
  const auto source = open_source(o.source);
  BuildOptions options;
  options.resolution = o.resolution;
  options.channels = o.channels;
  if (const Fit fit = parse_fit(o.fit); fit != Fit::automatic) options.fit = fit;
  options.threads = o.threads;
  options.strict = o.strict ? Strict::yes : Strict::no;
  options.existing = o.overwrite ? Existing::replace : Existing::refuse;
  options.progress = build_progress("Building");
  const BuildReport report = build_dataset(*source, o.source, o.folder, options);
  print_skipped(report.manifest);
  std::printf("built %lld images of %lldx%lld in %s\n",
              static_cast<long long>(report.manifest.count),
              static_cast<long long>(report.manifest.resolution),
              static_cast<long long>(report.manifest.resolution), report.folder.c_str());
}

}  // namespace

void add_dataset(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("dataset", "Build, describe or check data sets");
  cmd->require_subcommand(1);
  auto o = std::make_shared<DatasetOptions>();

  CLI::App* b = cmd->add_subcommand("build", "Build a data set from images");
  b->add_option("SOURCE", o->source, kSourceHelp)->required();
  b->add_option("--out", o->folder, "folder to create")->required();
  b->add_option("--resolution", o->resolution,
                "size in pixels, a power of two from 4 to 1024 (default: the largest one up to the "
                "median of the images' shorter sides)");
  b->add_option("--channels", o->channels,
                "1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha) (default: 1 for idx files, "
                "else 3)");
  b->add_option("--fit", o->fit, kFitHelp);
  b->add_option("--threads", o->threads, kThreadsHelp);
  b->add_flag("--strict", o->strict, "fail at the first unreadable image instead of skipping it");
  b->add_flag("--overwrite", o->overwrite, "replace an existing data set");
  b->callback([o] { build(*o); });

  CLI::App* i = cmd->add_subcommand("info", "Describe a built data set");
  i->add_option("FOLDER", o->folder, "folder of a built data set")->required();
  i->callback([o] { print_dataset(Dataset(o->folder)); });

  add_dataset_check(*cmd);
}

}  // namespace pg::apps
