// info.cpp: describes the devices of this machine and the presets, or a checkpoint.
#include <cstdio>

#include "apps/commands.h"
#include "apps/option_values.h"
#include "data/formats/safetensors.h"
#include "model/config/version.h"
#include "model/device/device_choice.h"
#include "model/run/checkpoint.h"
#include "model/run/checkpoint_files.h"

namespace pg::apps {
namespace {

void print_devices() {
  std::printf("progan_cuda %s\n", kProgramVersion);
  std::string reason;
  const int count = cuda_device_count(&reason);
  for (int i = 0; i < count; ++i) {
    std::printf("device  cuda:%d  %s\n", i,
                open_device({.cuda = true, .index = i, .reason = {}}, 0)->description().c_str());
  }
  std::printf("device  cpu     %s\n", open_device({}, 0)->description().c_str());
  if (count == 0) std::printf("        no GPU available: %s\n", reason.c_str());
  for (const std::string& name : preset_names()) std::printf("preset  %s\n", name.c_str());
}

void print_checkpoint(const std::string& from) {
  const std::filesystem::path path = resolve_resume(from, "runs").checkpoint;
  const Config config = checkpoint_config(path);
  const Safetensors file(path);
  int64_t parameters = 0;
  for (const StoredTensor& t : file.tensors()) {
    if (t.name.starts_with("Gs/")) parameters += t.elements();
  }
  std::printf(
      "checkpoint  %s\nimages      %s\nresolution  %lld, %lld channels\npreset      %s\n"
      "generator   %lld parameters, latents of length %lld\n",
      path.c_str(), file.metadata_at("images_shown").c_str(),
      static_cast<long long>(config.model.resolution),
      static_cast<long long>(config.model.channels), config.train.preset.c_str(),
      static_cast<long long>(parameters), static_cast<long long>(latent_size(config)));
}

}  // namespace

void add_info(CLI::App& app) {
  CLI::App* cmd =
      app.add_subcommand("info", "Describe the available devices and presets, or a checkpoint");
  auto from = std::make_shared<std::string>();
  cmd->add_option("RUN", *from, kFromHelp);
  cmd->callback([from] { from->empty() ? print_devices() : print_checkpoint(*from); });
}

}  // namespace pg::apps
