// info.cpp: what this program can use here, or what is in a checkpoint.
#include <cstdio>

#include "apps/commands.h"
#include "apps/common.h"
#include "data/formats/safetensors.h"
#include "model/config/version.h"
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
  if (count == 0) std::printf("        no GPU: %s\n", reason.c_str());
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
      "generator   %lld parameters, latents of %lld numbers\n",
      path.c_str(), file.metadata_at("images_shown").c_str(),
      static_cast<long long>(config.model.resolution),
      static_cast<long long>(config.model.channels), config.train.preset.c_str(),
      static_cast<long long>(parameters), static_cast<long long>(latent_size(config)));
}

}  // namespace

void add_info(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand("info", "Show devices and presets, or what a run holds");
  auto from = std::make_shared<std::string>();
  cmd->add_option("RUN", *from, "run folder, run number in runs/, or checkpoint file");
  cmd->callback([from] { from->empty() ? print_devices() : print_checkpoint(*from); });
}

}  // namespace pg::apps
