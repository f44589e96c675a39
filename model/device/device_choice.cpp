// device_choice.cpp: chooses and opens devices.
#include "model/device/device_choice.h"

#include <algorithm>
#include <cstdio>

#include "kernels/gpu.h"
#include "model/config/config_names.h"
#include "model/config/device_name.h"
#include "model/config/numerics.h"

namespace pg {

namespace {

// The given GPU, or the first usable one; -1: none is.
int usable_gpu(const GpuSearch& found, const DeviceName& name) {
  if (name.kind == DeviceKind::cuda) return name.index;
  for (size_t i = 0; i < found.gpus.size(); ++i) {
    if (found.gpus[i].problem.empty()) return static_cast<int>(i);
  }
  return -1;
}

std::string notice_of(const GpuSearch& found, int index) {
  if (found.unexpected) {
    return message("warning: using the CPU, although this machine seems to have a GPU: ",
                   found.problem);
  }
  if (index < 0 || !found.gpus[static_cast<size_t>(index)].compiles) return "";
  return message("compiling the kernels for cuda:", index,
                 ", which is done once and takes a while");
}

// A library does not print, except here: training on the CPU by mistake costs days.
void print_once(const std::string& notice) {
  static std::string last;
  if (!notice.empty() && notice != last) std::fprintf(stderr, "%s\n", notice.c_str());
  last = notice;
}

}  // namespace

DeviceChoice choose_device(std::string_view name) {
  const DeviceName parsed = require_device(name);
  DeviceChoice choice{.index = parsed.index, .reason = {}};
  if (parsed.kind == DeviceKind::cpu) return choice;
  if (parsed.kind == DeviceKind::cuda) check_gpu(parsed.index);
  const GpuSearch found = find_gpus();
  const int index = usable_gpu(found, parsed);
  choice.cuda = index >= 0;
  choice.index = std::max(index, 0);
  choice.reason = found.problem;
  choice.notice = notice_of(found, index);
  print_once(choice.notice);
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
                                     Precision precision, CudaKernels kernels,
                                     const CudaOptions& options) {
  if (!device.cuda) return make_cpu_backend(static_cast<int>(threads));
  return make_cuda_backend(device.index, numerics_of(precision).products, kernels, options);
}

}  // namespace pg
