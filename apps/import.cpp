// import.cpp: weights of other ProGAN programs as a checkpoint of this one.
#include <cstdio>
#include <filesystem>

#include "apps/commands.h"
#include "apps/common.h"
#include "model/config/schedule.h"
#include "model/foreign/import.h"
#include "model/run/checkpoint.h"

namespace pg::apps {
namespace {

// Images of CelebA-HQ: the schedules of some presets count epochs, and no data set is known yet.
constexpr int64_t kEpoch = 30000;

struct ImportOptions {
  std::vector<std::string> files;
  std::string out, preset;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : ", ") + w;
  return text;
}

// Training that goes on from the checkpoint is at the final resolution.
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
  const std::unique_ptr<Backend> backend = open_device(choose_device("cpu"), 0);
  Context context(*backend);
  Config config = networks.config;
  if (config.schedule.unit == ScheduleUnit::epochs) config.data.images = kEpoch;
  const TrainingCounters counters = counters_at_the_end(config);
  Gan gan(context, config);
  const std::vector<std::string> found = load_networks(networks, gan);
  write_checkpoint(o.out, gan, counters);
  const ModelConfig& m = networks.config.model;
  std::printf("%s: %s of %s, %lldx%lld, %lld channels, as preset %s\n", o.out.c_str(),
              joined(found).c_str(), std::string(layout_name(networks.layout)).c_str(),
              static_cast<long long>(m.resolution), static_cast<long long>(m.resolution),
              static_cast<long long>(m.channels), networks.config.train.preset.c_str());
  if (networks.grown_to && *networks.grown_to < m.resolution) {
    std::printf("these networks had been grown to %lldx%lld: use generate --resolution %lld\n",
                static_cast<long long>(*networks.grown_to),
                static_cast<long long>(*networks.grown_to),
                static_cast<long long>(*networks.grown_to));
  }
}

}  // namespace

void add_import(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand(
      "import",
      "Turn weights of other ProGAN programs into a checkpoint: official TensorFlow and Theano "
      "pickles, GAN zoo, akanimax, tutorial, exercise, mmgeneration. Nothing in a file is run.");
  auto o = std::make_shared<ImportOptions>();
  cmd->add_option("FILE", o->files, "one file, or those of generator, average and discriminator")
      ->required();
  cmd->add_option("--out", o->out, "checkpoint to write (.safetensors)")->required();
  cmd->add_option("--preset", o->preset,
                  "variant of the networks, where the file does not tell (readme-hq)");
  cmd->callback([o] { import(*o); });
}

}  // namespace pg::apps
