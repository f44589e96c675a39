// dataset.cpp: builds, shows and checks data sets.
#include <cstdio>

#include "apps/commands.h"
#include "apps/common.h"
#include "apps/dataset_check.h"

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
  std::printf("left out    %zu images, %lld other files\n", m.rejected.size(),
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
  print_rejected(report.manifest);
  std::printf("%lld images of %lldx%lld in %s\n", static_cast<long long>(report.manifest.count),
              static_cast<long long>(report.manifest.resolution),
              static_cast<long long>(report.manifest.resolution), report.folder.c_str());
}

}  // namespace

void add_dataset(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("dataset", "Build, show and check data sets");
  cmd->require_subcommand(1);
  auto o = std::make_shared<DatasetOptions>();

  CLI::App* b = cmd->add_subcommand("build", "Make a data set from pictures");
  b->add_option("SOURCE", o->source,
                "folder or zip of pictures, idx or CIFAR-10 files, builtin:shapes")
      ->required();
  b->add_option("--out", o->folder, "folder to make")->required();
  b->add_option("--resolution", o->resolution,
                "size, a power of two from 4 to 1024 (default: suits most of the pictures)");
  b->add_option("--channels", o->channels, "1 gray, 3 colour (default: 1 for idx, else 3)");
  b->add_option("--fit", o->fit, "auto, crop, pad or stretch: how pictures become square");
  b->add_option("--threads", o->threads, "threads (default: all cores)");
  b->add_flag("--strict", o->strict, "fail at the first picture that cannot be read");
  b->add_flag("--overwrite", o->overwrite, "replace a data set that is there already");
  b->callback([o] { build(*o); });

  CLI::App* i = cmd->add_subcommand("info", "Show what a data set holds");
  i->add_option("FOLDER", o->folder, "a built data set")->required();
  i->callback([o] { print_dataset(Dataset(o->folder)); });

  add_dataset_check(*cmd);
}

}  // namespace pg::apps
