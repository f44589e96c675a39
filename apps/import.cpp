// import.cpp: converts weights of other ProGAN programs into a checkpoint.
#include <cstdio>
#include <filesystem>

#include "apps/commands.h"
#include "data/files/shown.h"
#include "model/config/schedule.h"
#include "model/foreign/import.h"
#include "model/run/checkpoint.h"

namespace pg::apps {
namespace {

// Images of CelebA-HQ, for presets whose schedules count epochs: the data set is not known yet.
constexpr int64_t kEpoch = 30000;

struct ImportOptions {
  std::vector<std::string> files;
  std::string out, preset;
};

// Training resumes from the checkpoint at the final resolution.
TrainingCounters counters_at_the_end(const Config& config) {
  TrainingCounters counters;
  const std::vector<Stage> all = stages(config);
  counters.images_shown = counters.looked_at = counters.tick_start = all.back().first;
  counters.lod = 0.0;
  return counters;
}

void import(const ImportOptions& o) {
  std::vector<ForeignFile> files;
  for (const std::string& file : o.files) files.push_back(read_foreign(file));
  const ForeignNetworks networks = read_networks(files, o.preset);
  const std::unique_ptr<Backend> backend = make_cpu_backend();
  Context context(*backend);
  Config config = networks.config;
  if (config.schedule.unit == ScheduleUnit::epochs) config.data.images = kEpoch;
  const TrainingCounters counters = counters_at_the_end(config);
  Gan gan(context, config);
  const std::vector<std::string> found = load_networks(networks, gan);
  write_checkpoint(o.out, gan, counters);
  const ModelConfig& m = networks.config.model;
  std::printf("%s: %s of %s, %lldx%lld, %lld channels, preset %s\n", o.out.c_str(),
              joined(found).c_str(), std::string(layout_name(networks.layout)).c_str(),
              static_cast<long long>(m.resolution), static_cast<long long>(m.resolution),
              static_cast<long long>(m.channels), networks.config.train.preset.c_str());
  if (networks.grown_to && *networks.grown_to < m.resolution) {
    std::printf("these networks were trained up to %lldx%lld; use generate --resolution %lld\n",
                static_cast<long long>(*networks.grown_to),
                static_cast<long long>(*networks.grown_to),
                static_cast<long long>(*networks.grown_to));
  }
}

}  // namespace

void add_import(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand(
      "import",
      "Convert weights of other ProGAN programs into a checkpoint: official TensorFlow and Theano "
      "pickles, GAN zoo, akanimax, tutorial, exercise, mmgeneration. Code in the files is never "
      "run.");
  auto o = std::make_shared<ImportOptions>();
  cmd->add_option("FILE", o->files,
                  "one file, or separate files of the generator, its EMA and the discriminator")
      ->required();
  cmd->add_option("--out", o->out, "checkpoint file to write (.safetensors)")->required();
  cmd->add_option("--preset", o->preset,
                  "preset of the networks, if the files do not determine it (readme-hq)");
  cmd->callback([o] { import(*o); });
}

}  // namespace pg::apps
