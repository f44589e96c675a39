// random.cu: numbers of the counter-based streams (contracts: kernels/random.h, kernels/philox.h).
#include "kernels/philox.h"

#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

// --- kernels ---

struct Normal {
  __device__ static PhiloxNormals numbers(const PhiloxBlock& block) {
    return philox_normals(block);
  }
};

struct Uniform {
  __device__ static Pack<float, 4> numbers(const PhiloxBlock& block) {
    Pack<float, 4> u;
    for (int j = 0; j < 4; ++j) u.value[j] = philox_unit(block.word[j]);
    return u;
  }
};

struct Stream {
  const uint64_t* counter;
  uint64_t offset;
  uint64_t seed, stream;
};

// One thread for each block of four numbers; the last block may be shorter.
template <typename T, typename Distribution>
__global__ void philox_kernel(T* y, int64_t count, Stream s, Access access) {
  ptx::follow_earlier_kernels();
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t b = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; b * 4 < count; b += step) {
    const uint64_t position = *s.counter + s.offset + static_cast<uint64_t>(b);
    const auto four = Distribution::numbers(philox(s.seed, s.stream, position));
    if constexpr (sizeof(T) == sizeof(float)) {
      if (access == Access::packs && b * 4 + 4 <= count) {
        store(y + b * 4,
              Pack<float, 4>{{four.value[0], four.value[1], four.value[2], four.value[3]}});
        continue;
      }
    }
    for (int j = 0; j < 4 && b * 4 + j < count; ++j) y[b * 4 + j] = static_cast<T>(four.value[j]);
  }
}

// --- launchers ---

template <typename Distribution>
void generate(Queue& queue, const PhiloxArgs& args) {
  PG_ASSERT(args.counter.shape.numel() == 1);
  dispatch_float(args.y.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* const y = args.y.as<T>();
    const int64_t count = args.y.shape.numel();
    launch(queue, philox_kernel<T, Distribution>, stride_grid(queue, ceil_div(count, 4)), y, count,
           Stream{args.counter.as<uint64_t>(), args.offset, args.seed, args.stream},
           access_if(is_aligned(y)));
  });
}

}  // namespace

void philox_normal(Queue& queue, const PhiloxArgs& args) { generate<Normal>(queue, args); }

void philox_uniform(Queue& queue, const PhiloxArgs& args) { generate<Uniform>(queue, args); }

}  // namespace pg::cuda
