// loaded_generator.cpp: loads the EMA generator of a checkpoint onto a device.
#include "apps/loaded_generator.h"

#include "data/images/resolutions.h"
#include "kernels/error.h"
#include "model/device/device_choice.h"
#include "model/run/checkpoint.h"
#include "model/run/checkpoint_files.h"

namespace pg::apps {

void check_resolution(int64_t resolution, const Config& config) {
  PG_CHECK(is_resolution(resolution) && resolution <= config.model.resolution, UsageError,
           "--resolution: expected a power of two from 4 to ", config.model.resolution,
           ", the resolution of this generator, got ", resolution);
}

LoadedGenerator::LoadedGenerator(const GeneratorChoice& choice) {
  const std::filesystem::path checkpoint = resolve_resume(choice.from, "runs").checkpoint;
  config_ = checkpoint_config(checkpoint);
  config_.train.precision = Precision::fp32;  // images do not depend on the precision of training
  resolution_ = choice.resolution > 0 ? choice.resolution : config_.model.resolution;
  check_resolution(resolution_, config_);
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
