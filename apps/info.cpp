// info.cpp: describes the devices of this machine and the presets, or a checkpoint.
#include "apps/commands.h"
#include "apps/loaded_generator.h"
#include "apps/option_values.h"
#include "apps/print.h"
#include "data/files/io_error.h"
#include "kernels/gpu.h"
#include "model/config/class_names.h"
#include "model/config/format.h"
#include "model/config/schedule.h"
#include "model/config/version.h"
#include "model/device/device_choice.h"
#include "model/run/reached.h"
#include "model/run/resume_point.h"
#include "model/run/stats.h"

namespace pg::apps {
namespace {

void print_devices() {
  print("progan_cuda {}\n", kProgramVersion);
  const GpuSearch found = find_gpus();
  for (size_t i = 0; i < found.gpus.size(); ++i) {
    const Gpu& gpu = found.gpus[i];
    print("device  cuda:{}  {}\n", i, gpu.description);
    if (!gpu.problem.empty()) print("        cannot be used: {}\n", gpu.problem);
  }
  print("device  cpu     {}\n", open_device({}, 0)->description());
  if (!found.problem.empty()) print("        no GPU available: {}\n", found.problem);
  for (const std::string& name : preset_names()) print("preset  {}\n", name);
}

// When the run ends, if that is known: a schedule in epochs needs the number of images.
std::string kimg_text(const Config& config) {
  const bool unknown = config.schedule.unit == ScheduleUnit::epochs && config.data.images == 0;
  return unknown ? "?" : message(kimg_of(total_images(config)));
}

// ", in 1h 04m" by the statistics of the run in this folder; nothing if there are none.
std::string time_trained(const std::filesystem::path& folder, int64_t images) {
  try {
    const double seconds = seconds_trained(folder / "stats.jsonl", kimg_of(images));
    return seconds > 0 ? ", in " + format_duration(seconds) : "";
  } catch (const IoError&) {
    return "";  // a file of another program has that name
  }
}

void print_classes(const Config& config) {
  const int64_t count = label_count(config);
  if (count == 0) return;
  const std::vector<std::string> names = class_names(config);
  print("classes     {}{}\n", count, names.empty() ? ", without names" : "");
  for (size_t i = 0; i < names.size(); ++i) print("{:>11} {}\n", i, names[i]);
}

void print_checkpoint(const std::string& from) {
  const Safetensors file = open_chosen_networks(from);
  const Config config = checkpoint_config(file);
  int64_t parameters = 0;
  const bool exported = is_network_file(file.metadata());
  for (const StoredTensor& t : file.tensors()) {
    if (exported || t.name.starts_with("Gs/")) parameters += t.elements();
  }
  const Reached reached = reached_by(file, config);
  print(
      "{}  {}\nimages      {}\nresolution  {}, {}\npreset      {}\n"
      "{}   {} parameters, latents of length {}\n",
      exported ? "export    " : "checkpoint", file.path().string(), reached.images_shown,
      config.model.resolution, counted(config.model.channels, "channel"), config.train.preset,
      exported && file.metadata_at("network") == "D" ? "critic   " : "generator", parameters,
      latent_size(config));
  print("trained     {} at {} kimg of {}{}\n", fade_text(reached.fade),
        message(kimg_of(reached.images_shown)), kimg_text(config),
        time_trained(file.path().parent_path(), reached.images_shown));
  print_classes(config);
}

}  // namespace

void add_info(Command& app) {
  Command* cmd =
      app.add_subcommand("info", "Describe the available devices and presets, or a checkpoint");
  auto from = std::make_shared<std::string>();
  cmd->add_option("-r,--from,RUN", *from, kFromHelp);
  cmd->callback([from] { from->empty() ? print_devices() : print_checkpoint(*from); });
}

}  // namespace pg::apps
