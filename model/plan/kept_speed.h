// kept_speed.h: speeds measured earlier, in the cache folder beside the built data sets.
//
// One small JSON file, speed-HASH.json, for each device, program version, number of threads,
// network, loss and minibatches. Files appear whole; a damaged one is as good as none.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "model/plan/speed.h"

namespace pg {

// `device` is the description of the backend. `config` must be resolved.
std::filesystem::path speed_file(const std::filesystem::path& folder, const Config& config,
                                 const std::string& device);

// The speed kept there; nothing for a missing, damaged or foreign file.
std::optional<Speed> kept_speed(const std::filesystem::path& file, const ModelConfig& model);

// Adds to what is kept. Failing to write only costs another measurement.
void keep_speed(const std::filesystem::path& file, const Speed& speed);

}  // namespace pg
