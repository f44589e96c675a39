// devices.cpp: names of devices, precisions and kernels.
#include "bench/devices.h"

#include <algorithm>
#include <charconv>

namespace pg::bench {
namespace {

int parse_index(const std::string& name) {
  int index = 0;
  const char *begin = name.data() + 5, *end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(begin, end, index);
  PG_CHECK(error == std::errc{} && rest == end && index >= 0, UsageError, "there is no device '",
           name, "': choose auto, cpu, cuda or cuda:I (I from 0 on)");
  return index;
}

CudaKernels parse_kernels(const std::string& name) {
  if (name == "vendor") return CudaKernels::vendor;
  if (name == "fastest") return CudaKernels::fastest;
  PG_CHECK(name == "own", UsageError, "a GPU has no kernels '", name,
           "': choose own, vendor or fastest");
  return CudaKernels::own;
}

}  // namespace

Device choose_device(const std::string& name) {
  Device device;
  if (name == "cpu") return device;
  PG_CHECK(name == "auto" || name == "cuda" || name.starts_with("cuda:"), UsageError,
           "there is no device '", name, "': choose auto, cpu, cuda or cuda:I (I from 0 on)");
  if (name.starts_with("cuda:")) device.index = parse_index(name);
  const int count = cuda_device_count(&device.reason);
  device.cuda = count > 0;
  PG_CHECK(device.cuda || name == "auto", DeviceError, "there is no GPU for --device ", name, ": ",
           device.reason, "; use --device cpu");
  PG_CHECK(!device.cuda || device.index < count, DeviceError, "there is no GPU ", device.index,
           ": the highest number is ", count - 1);
  return device;
}

Precision parse_precision(const std::string& name, const Device& device) {
  for (const Precision p : {Precision::fp32, Precision::tf32, Precision::bf16}) {
    if (name != name_of(p)) continue;
    PG_CHECK(device.cuda || p == Precision::fp32, UsageError,
             "the CPU computes in fp32 alone, not in ", name, ": use --precision fp32");
    return p;
  }
  throw UsageError(message("there is no precision '", name, "': choose fp32, tf32 or bf16"));
}

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return "tf32";
    case Precision::bf16:
      return "bf16";
    default:
      return "fp32";
  }
}

std::unique_ptr<Backend> open_backend(const Device& device, const std::string& kernels,
                                      Precision precision, int threads) {
  if (!device.cuda) {
    PG_CHECK(kernels == "cpu" || kernels == "direct", UsageError, "the CPU has no kernels '",
             kernels, "': choose cpu or direct");
    return make_cpu_backend(threads, kernels == "cpu" ? CpuPath::fast : CpuPath::direct);
  }
  const MatrixMath math = precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32;
  return make_cuda_backend(device.index, math, parse_kernels(kernels));
}

int64_t default_batch(const Device& device, int64_t resolution) {
  if (!device.cuda) return resolution <= 64 ? 16 : std::max<int64_t>(1, 1024 / resolution);
  Config official = preset("official-tf");
  official.model.resolution = resolution;
  return minibatch_at(official, resolution);
}

}  // namespace pg::bench
