// cpu_device.cpp: the direct loops of the CPU at several numbers of threads.
#include "tests/kernels/kernel_device.h"

namespace pg::test {

const std::vector<DeviceVariant>& device_variants() {
  static const std::vector<DeviceVariant> variants = [] {
    std::vector<DeviceVariant> list;
    for (const int threads : {1, 2, 3, 5}) {
      list.push_back({message(threads, " threads"),
                      [=] { return make_cpu_backend(threads, CpuPath::direct); }});
    }
    return list;
  }();
  return variants;
}

bool device_supports_bf16() { return false; }

}  // namespace pg::test
