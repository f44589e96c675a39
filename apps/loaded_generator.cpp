// loaded_generator.cpp: loads the EMA generator of a checkpoint onto a device.
#include "apps/loaded_generator.h"

#include "apps/print.h"
#include "model/device/device_choice.h"
#include "model/run/resume_point.h"

namespace pg::apps {

void note_reached(const Reached& reached) {
  if (reached.complete()) return;
  note("at {} kimg this run has trained {} of {}x{}, so that is generated\n",
       kimg_of(reached.images_shown), fade_text(reached.fade), reached.final_resolution,
       reached.final_resolution);
}

Safetensors open_chosen_networks(const std::string& from) {
  std::vector<std::string> skipped;
  Safetensors file = open_networks(from, "runs", &skipped);
  for (const std::string& sentence : skipped) note("skipped: {}\n", sentence);
  return file;
}

LoadedGenerator::LoadedGenerator(const GeneratorChoice& choice) {
  const Safetensors checkpoint = open_chosen_networks(choice.from);
  config_ = checkpoint_config(checkpoint);
  config_.train.precision = Precision::fp32;  // images do not depend on the precision of training
  const Reached reached = reached_by(checkpoint, config_);
  fade_ = fade_to_generate(reached, choice.resolution, "--resolution");
  if (choice.resolution == 0 && choice.says_reached) note_reached(reached);
  backend_ = open_device(choose_device(choice.device), choice.threads);
  context_ = std::make_unique<Context>(*backend_);
  generator_ = std::make_unique<Generator>(config_.model);
  average_ = std::make_unique<ParameterStore>(*context_, generator_->specs());
  read_network(checkpoint, "Gs", *average_);
}

LoadedGenerator::~LoadedGenerator() = default;

Tensor LoadedGenerator::operator()(const Tensor& z, const Tensor& labels) const {
  const DeviceFade fade = on_device(fade_, average_->flat());
  return generator_->forward(Weights(*average_, fade_.resolution), z, labels, fade);
}

}  // namespace pg::apps
