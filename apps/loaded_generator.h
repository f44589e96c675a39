// loaded_generator.h: the EMA generator of a checkpoint on a device, ready to make images.
#pragma once

#include <memory>
#include <string>

#include "data/formats/safetensors.h"
#include "model/networks/generator.h"
#include "model/run/reached.h"

namespace pg::apps {

// The options that choose it.
struct GeneratorChoice {
  std::string from, device = "auto";
  int64_t resolution = 0;  // 0: as far as the run was trained
  int64_t threads = 0;
  bool says_reached = true;  // note_reached, without a resolution
};

// Says on standard error how far the networks were trained, unless that is all of the run.
void note_reached(const Reached& reached);

// open_networks in runs/, with a line on standard error for each newer, damaged checkpoint.
Safetensors open_chosen_networks(const std::string& from);

class LoadedGenerator {
 public:
  // Throws UsageError (unknown run or resolution), DeviceError, IoError, FormatError.
  explicit LoadedGenerator(const GeneratorChoice& choice);
  ~LoadedGenerator();

  const Config& config() const { return config_; }
  Context& context() { return *context_; }
  int64_t resolution() const { return fade_.resolution; }

  // z [N, 1, 1, L], labels one-hot or empty -> [N, R, R, channels], with the weight of the fade in
  // which the checkpoint was written.
  Tensor operator()(const Tensor& z, const Tensor& labels) const;

 private:
  Config config_;
  Fade fade_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Generator> generator_;
  std::unique_ptr<ParameterStore> average_;
};

}  // namespace pg::apps
