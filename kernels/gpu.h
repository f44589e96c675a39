// gpu.h: the one error message for a GPU that is not available.
#pragma once

#include "kernels/backend.h"
#include "kernels/error.h"

namespace pg {

// Throws DeviceError unless GPU `index` (0, 1, ...) exists and can be used.
inline void check_gpu(int index) {
  std::string reason;
  const int count = cuda_device_count(&reason);
  PG_CHECK(count > 0, DeviceError, "no GPU available: ", reason, "; use --device cpu");
  PG_CHECK(index >= 0 && index < count, DeviceError, "no GPU cuda:", index, "; available: cuda:0",
           count == 1 ? "" : message(" to cuda:", count - 1));
}

}  // namespace pg
