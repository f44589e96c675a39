// common.h: what several subcommands share: devices, configurations, data sets, progress lines.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/sets/cache.h"
#include "kernels/backend.h"
#include "model/config/config.h"

namespace pg::apps {

// What a device name ("auto", "cpu", "cuda", "cuda:I") stands for on this machine.
struct DeviceChoice {
  bool cuda = false;
  int index = 0;       // of the GPU
  std::string reason;  // why "auto" is the CPU, else empty
};
// Throws UsageError for an unknown name, DeviceError for a GPU that is not there.
DeviceChoice choose_device(const std::string& name);

// What train.precision = auto means on a device. Throws UsageError for one that the device lacks.
Precision resolve_precision(Precision wanted, const DeviceChoice& device);

// How a GPU multiplies in a precision that is resolved.
MatrixMath matrix_math(Precision precision);

std::unique_ptr<Backend> open_device(const DeviceChoice& device, int64_t threads,
                                     Precision precision = Precision::fp32,
                                     CudaKernels kernels = CudaKernels::own);

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
