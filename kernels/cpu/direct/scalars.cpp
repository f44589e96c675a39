// scalars.cpp: sums of single numbers.
#include "kernels/cpu/cpu_backend.h"

namespace pg::cpu {

void CpuBackend::add_scalars(const AddScalarsArgs& args) {
  PG_ASSERT(args.count >= 1 && args.count <= AddScalarsArgs::kMost);
  auto* const sums = args.sums.as<double>();
  for (int64_t i = 0; i < args.count; ++i) {
    const ConstTensorView& x = args.x[static_cast<size_t>(i)];
    PG_ASSERT(x.shape.numel() == 1);
    sums[i] += x.dtype == DType::f64 ? *x.as<double>() : static_cast<double>(*x.as<float>());
  }
}

}  // namespace pg::cpu
