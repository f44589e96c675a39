// import.cpp: converts weights of other ProGAN programs into a checkpoint.
#include <filesystem>

#include "apps/commands.h"
#include "apps/outputs.h"
#include "apps/print.h"
#include "apps/stop_signals.h"
#include "data/files/shown.h"
#include "model/config/schedule.h"
#include "model/foreign/import.h"
#include "model/foreign/own_network.h"
#include "model/run/checkpoint.h"
#include "model/run/reached.h"

namespace pg::apps {
namespace {

// Images of CelebA-HQ, for presets whose schedules count epochs: the data set is not known yet.
constexpr int64_t kEpoch = 30000;

struct ImportOptions {
  std::vector<std::string> files;
  std::string out, preset;
  Force force = Force::no;
};

// Training resumes from the checkpoint where the networks had grown to, or at the final resolution.
TrainingCounters counters_at(const Config& config, double lod) {
  TrainingCounters counters;
  counters.images_shown = images_at_lod(config, lod);
  counters.looked_at = counters.tick_start = counters.images_shown;
  counters.lod = schedule_at(config, counters.images_shown).lod;
  return counters;
}

// The files as exports of this program; none if they are not. Throws UsageError for a mixture.
std::vector<OwnNetwork> own_networks(const std::vector<ForeignFile>& files) {
  std::vector<OwnNetwork> own;
  for (const ForeignFile& file : files) {
    if (auto network = own_network(file)) own.push_back(std::move(*network));
  }
  PG_CHECK(own.empty() || own.size() == files.size(), UsageError,
           "one file is an export of this program, another one is not; give the files of one "
           "training run");
  for (const OwnNetwork& n : own) {
    PG_CHECK(to_toml(n.config) == to_toml(own[0].config), UsageError,
             "the files have different configurations; give the files of one training run");
  }
  return own;
}

// The position of the run, if the exports know it: training can resume from there.
void import_own(const ImportOptions& o, const OutputPath& out,
                const std::vector<OwnNetwork>& networks) {
  const Config& config = networks[0].config;
  const std::unique_ptr<Backend> backend = make_cpu_backend();
  Context context(*backend);
  Gan gan(context, config);
  const std::vector<std::string> found = load_own_networks(networks, gan);
  TrainingCounters counters = counters_at(config, 0.0);
  if (networks[0].looked_at >= 0) {
    counters.images_shown = counters.tick_start = networks[0].images_shown;
    counters.looked_at = networks[0].looked_at;
    counters.lod = schedule_at(config, counters.looked_at).lod;
  }
  const StopSignals signals;  // the file is finished first
  write_checkpoint(out, gan, counters);
  const ModelConfig& m = config.model;
  print("{}: {} of progan_cuda, {}x{}, {}, preset {}\n", o.out, joined(found), m.resolution,
        m.resolution, counted(m.channels, "channel"), config.train.preset);
  const Fade fade = schedule_at(config, counters.looked_at).fade;
  if (fade.resolution < m.resolution || fade.fading()) {
    print("these networks were trained up to {}\n", fade_text(fade));
  }
}

void import(const ImportOptions& o) {
  if (!o.preset.empty()) preset(o.preset);  // throws for an unknown one
  const OutputFile out("--out", o.out, kImportedFile, o.force);
  for (const std::string& file : o.files) out.must_not_be(file);
  std::vector<ForeignFile> files;
  for (const std::string& file : o.files) files.push_back(read_foreign(file));
  if (const std::vector<OwnNetwork> own = own_networks(files); !own.empty()) {
    return import_own(o, out.path(), own);
  }
  const ForeignNetworks networks = read_networks(files, o.preset);
  const std::unique_ptr<Backend> backend = make_cpu_backend();
  Context context(*backend);
  Config config = networks.config;
  if (config.schedule.unit == ScheduleUnit::epochs) config.data.images = kEpoch;
  const TrainingCounters counters = counters_at(config, networks.lod.value_or(0.0));
  Gan gan(context, config);
  const std::vector<std::string> found = load_networks(networks, gan);
  const StopSignals signals;  // the file is finished first
  write_checkpoint(out.path(), gan, counters);
  const ModelConfig& m = networks.config.model;
  print("{}: {} of {}, {}x{}, {}, preset {}\n", o.out, joined(found), layout_name(networks.layout),
        m.resolution, m.resolution, counted(m.channels, "channel"), networks.config.train.preset);
  const SchedulePoint point = schedule_at(config, counters.images_shown);
  if (point.lod > 0) print("these networks were trained up to {}\n", fade_text(point.fade));
}

}  // namespace

void add_import(Command& app) {
  Command* cmd = app.add_subcommand(
      "import",
      "Convert weights of other ProGAN programs into a checkpoint: official TensorFlow and Theano "
      "pickles, GAN zoo, akanimax, tutorial, exercise, mmgeneration. Code in the files is never "
      "run.");
  auto o = std::make_shared<ImportOptions>();
  cmd->add_option("FILE", o->files,
                  "one file, or separate files of the generator, its EMA and the discriminator")
      ->required();
  cmd->add_option("-o,--out", o->out, "checkpoint file to write (.safetensors)")->required();
  add_force(*cmd, o->force);
  cmd->add_option("--preset", o->preset,
                  "preset of the networks, if the files do not determine it (readme-hq)");
  cmd->callback([o] { import(*o); });
}

}  // namespace pg::apps
