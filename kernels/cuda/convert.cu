// convert: one element at a time; filters and their gradients are small beside activations.
#include "kernels/cuda/convert.h"

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/storage.cuh"

namespace pg::cuda {
namespace {

template <typename From, typename To>
__global__ void convert_kernel(const From* __restrict__ x, To* __restrict__ y, int64_t count,
                               Accumulate accumulate) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const float before = accumulate == Accumulate::add ? to_acc(y[i]) : 0.0f;
    y[i] = from_acc<To>(before + to_acc(x[i]));
  }
}

template <typename From, typename To>
void convert_typed(Queue& queue, const ConvertArgs& args) {
  const int64_t count = args.x.shape.numel();
  launch(queue, convert_kernel<From, To>, stride_grid(queue, count), args.x.as<From>(),
         args.y.as<To>(), count, args.accumulate);
}

}  // namespace

void convert(Queue& queue, const ConvertArgs& args) {
  PG_ASSERT(args.x.shape.numel() == args.y.shape.numel());
  if (args.x.dtype == DType::f32 && args.y.dtype == DType::bf16) {
    convert_typed<float, bf16>(queue, args);
  } else {
    PG_ASSERT(args.x.dtype == DType::bf16 && args.y.dtype == DType::f32);
    convert_typed<bf16, float>(queue, args);
  }
}

}  // namespace pg::cuda
