// loaded_generator.cpp: the averaged generator of a checkpoint on a device.
#include "apps/loaded_generator.h"

#include "apps/common.h"
#include "model/run/checkpoint.h"
#include "model/run/checkpoint_files.h"

namespace pg::apps {

LoadedGenerator::LoadedGenerator(const GeneratorChoice& choice) {
  const std::filesystem::path checkpoint = resolve_resume(choice.from, "runs").checkpoint;
  config_ = checkpoint_config(checkpoint);
  config_.train.precision = Precision::fp32;  // the same images whatever they were trained with
  resolution_ = choice.resolution > 0 ? choice.resolution : config_.model.resolution;
  const bool power = resolution_ >= 4 && (resolution_ & (resolution_ - 1)) == 0;
  PG_CHECK(power && resolution_ <= config_.model.resolution, UsageError, "--resolution ",
           resolution_, " must be a power of two from 4 to ", config_.model.resolution,
           ", the size that this generator was made for");
  backend_ = open_device(choose_device(choice.device), choice.threads);
  context_ = std::make_unique<Context>(*backend_);
  generator_ = std::make_unique<Generator>(config_.model);
  average_ = std::make_unique<ParameterStore>(*context_, generator_->specs());
  read_ema(checkpoint, *average_);
}

LoadedGenerator::~LoadedGenerator() = default;

Tensor LoadedGenerator::operator()(const Tensor& z, const Tensor& labels) const {
  return generator_->forward(Weights(*average_, resolution_), z, labels, {resolution_});
}

}  // namespace pg::apps
