// device_choice.cpp: chooses and opens devices.
#include "model/device/device_choice.h"

#include "kernels/gpu.h"
#include "model/config/config_names.h"
#include "model/config/device_name.h"
#include "model/config/numerics.h"

namespace pg {

DeviceChoice choose_device(std::string_view name) {
  const DeviceName parsed = require_device(name);
  DeviceChoice choice{.index = parsed.index, .reason = {}};
  if (parsed.kind == DeviceKind::cpu) return choice;
  if (parsed.kind == DeviceKind::cuda) check_gpu(parsed.index);
  choice.cuda = cuda_device_count(&choice.reason) > 0;
  return choice;
}

Precision resolve_precision(Precision wanted, const DeviceChoice& device) {
  if (wanted == Precision::automatic) return device.cuda ? Precision::tf32 : Precision::fp32;
  PG_CHECK(device.cuda || wanted == Precision::fp32, UsageError,
           "precision: the CPU supports only fp32, got ", name_of(wanted),
           "; use --precision fp32");
  return wanted;
}

std::unique_ptr<Backend> open_device(const DeviceChoice& device, int64_t threads,
                                     Precision precision, CudaKernels kernels) {
  if (!device.cuda) return make_cpu_backend(static_cast<int>(threads));
  return make_cuda_backend(device.index, numerics_of(precision).products, kernels);
}

}  // namespace pg
