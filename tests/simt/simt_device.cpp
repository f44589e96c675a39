// simt_device: the emulated GPU, its threads in several orders.
#include "tests/simt/emulator/grid.h"

#include "tests/kernels/kernel_device.h"

namespace pg::test {

const std::vector<DeviceVariant>& device_variants() {
  static const std::vector<DeviceVariant> variants = [] {
    std::vector<DeviceVariant> list;
    for (const uint64_t seed : {0, 1, 2}) {
      const char* const order[] = {"threads in order", "threads reversed",
                                   "threads in random order"};
      list.push_back({order[seed], [=] {
                        simt::set_seed(seed);
                        return make_cuda_backend();
                      }});
    }
    return list;
  }();
  return variants;
}

bool device_takes_bf16() { return true; }

}  // namespace pg::test
