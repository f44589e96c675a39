// scalars.cu: adds scattered numbers on the device, in one launch.
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

// --- kernels ---

struct Scalars {
  const void* x[AddScalarsArgs::kMost];
  bool is_f64[AddScalarsArgs::kMost];
  int count;
};

__global__ void add_scalars_kernel(const __grid_constant__ Scalars scalars,
                                   double* __restrict__ sums) {
  ptx::follow_earlier_kernels();
  const int i = static_cast<int>(threadIdx.x);
  if (i >= scalars.count) return;
  sums[i] += scalars.is_f64[i] ? *static_cast<const double*>(scalars.x[i])
                               : static_cast<double>(*static_cast<const float*>(scalars.x[i]));
}

}  // namespace

// --- launchers ---

void add_scalars(Queue& queue, const AddScalarsArgs& args) {
  PG_ASSERT(args.count >= 1 && args.count <= AddScalarsArgs::kMost);
  Scalars scalars{};
  scalars.count = static_cast<int>(args.count);
  for (int64_t i = 0; i < args.count; ++i) {
    const ConstTensorView& x = args.x[static_cast<size_t>(i)];
    PG_ASSERT(x.shape.numel() == 1 && (x.dtype == DType::f32 || x.dtype == DType::f64));
    scalars.x[i] = x.data;
    scalars.is_f64[i] = x.dtype == DType::f64;
  }
  launch(queue, add_scalars_kernel, {.grid = dim3(1), .block = dim3(32)}, scalars,
         args.sums.as<double>());
}

}  // namespace pg::cuda
