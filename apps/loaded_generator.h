// loaded_generator.h: the EMA generator of a checkpoint on a device, ready to make images.
#pragma once

#include <memory>
#include <string>

#include "model/networks/generator.h"

namespace pg::apps {

// The options that choose it.
struct GeneratorChoice {
  std::string from, device = "auto";
  int64_t resolution = 0;  // 0: that of the run
  int64_t threads = 0;
};

// Throws UsageError unless a generator of `config` has that resolution.
void check_resolution(int64_t resolution, const Config& config);

class LoadedGenerator {
 public:
  // Throws UsageError (unknown run or resolution), DeviceError, IoError, FormatError.
  explicit LoadedGenerator(const GeneratorChoice& choice);
  ~LoadedGenerator();

  const Config& config() const { return config_; }
  Context& context() { return *context_; }
  int64_t resolution() const { return resolution_; }

  // z [N, 1, 1, L], labels one-hot or empty -> [N, R, R, channels].
  Tensor operator()(const Tensor& z, const Tensor& labels) const;

 private:
  Config config_;
  int64_t resolution_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Context> context_;
  std::unique_ptr<Generator> generator_;
  std::unique_ptr<ParameterStore> average_;
};

}  // namespace pg::apps
