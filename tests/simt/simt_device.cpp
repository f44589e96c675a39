// simt_device.cpp: the emulated GPU, with its threads in several orders.
//
// The race checker detects a race in any order and is several times slower, so it runs two orders.
// The findings of AddressSanitizer and the comparison of results depend on the order.
#include <string_view>

#include "tests/kernels/kernel_device.h"
#include "tests/simt/emulator/grid.h"

namespace pg::test {
namespace {

DeviceVariant in_order(const char* order, uint64_t seed) {
  return {order, [seed] {
            simt::set_seed(seed);
            return make_cuda_backend();
          }};
}

}  // namespace

const std::vector<DeviceVariant>& device_variants() {
  static const std::vector<DeviceVariant> variants = [] {
    std::vector<DeviceVariant> list = {in_order("threads in order", 0)};
    if (std::string_view(PG_SIMT_CONFIG) != "race") {
      list.push_back(in_order("threads reversed", 1));
    }
    list.push_back(in_order("threads in random order", 2));
    return list;
  }();
  return variants;
}

bool device_supports_bf16() { return true; }

}  // namespace pg::test
