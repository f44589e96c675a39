// backends.cpp: names of precisions and kernels.
#include "bench/backends.h"

#include <algorithm>

#include "data/files/shown.h"
#include "kernels/error.h"
#include "model/config/config_names.h"
#include "model/config/numerics.h"

namespace pg::bench {

Precision parse_precision(const std::string& name, const DeviceChoice& device) {
  const std::optional<Precision> precision = value_of<Precision>(name);
  PG_CHECK(precision && *precision != Precision::automatic, UsageError, "unknown precision '", name,
           "': expected fp32, tf32 or bf16");
  return resolve_precision(*precision, device);
}

std::unique_ptr<Backend> open_backend(const DeviceChoice& device, const std::string& kernels,
                                      Precision precision, int threads) {
  if (!device.cuda) {
    PG_CHECK(kernels == "cpu" || kernels == "direct", UsageError, "unknown kernels '", kernels,
             "' of the CPU: expected cpu or direct");
    return make_cpu_backend(threads, kernels == "cpu" ? CpuPath::fast : CpuPath::direct);
  }
  const std::optional<CudaKernels> known = value_of<CudaKernels>(kernels);
  PG_CHECK(known, UsageError, "unknown kernels '", kernels, "' of a GPU: expected ",
           joined(kNames<CudaKernels>, " or "));
  return make_cuda_backend(device.index, numerics_of(precision).products, *known);
}

int64_t default_batch(const DeviceChoice& device, int64_t resolution) {
  if (!device.cuda) return resolution <= 64 ? 16 : std::max<int64_t>(1, 1024 / resolution);
  Config official = preset("official-tf");
  official.model.resolution = resolution;
  return minibatch_at(official, resolution);
}

}  // namespace pg::bench
