// common.h: what several subcommands share: devices, configurations, data sets, progress lines.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/cache.h"
#include "kernels/backend.h"
#include "model/config.h"

namespace pg::apps {

// The backend that train.device names. "auto" is a GPU where one answers, else the CPU; *reason
// says why the CPU. Throws UsageError for an unknown name, DeviceError for a GPU that is not there.
std::unique_ptr<Backend> open_device(const std::string& device, int64_t threads,
                                     std::string* reason);

// Where a configuration comes from, later ones on top: preset, file, --set, own options.
struct ConfigSources {
  std::string preset;  // empty: official-tf
  std::string file;    // TOML; empty: none
  std::vector<std::string> assignments;
};
Config load_config(const ConfigSources& sources);

// A line that shows how a build goes on: redrawn on a terminal, silent elsewhere.
std::function<void(const BuildProgress&)> build_progress(const char* what);

// "0-63", "1,5,9", "0-3,10": seeds in the order given. Throws UsageError.
std::vector<uint64_t> parse_seeds(const std::string& text);

// "8x8" -> rows, columns. Throws UsageError.
GridSize parse_grid(const std::string& text);

// Lists at most ten of the images that a data set left out.
void print_rejected(const Manifest& manifest);

}  // namespace pg::apps
