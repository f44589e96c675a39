// wgrad_sums.cu: adds partial sums of chunks into weight and bias gradients; sums columns of dy.
#include "kernels/cuda/conv/wgrad/wgrad_sums.h"

#include "kernels/cuda/block/storage.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

constexpr int kLanes = 32;   // neighbouring results of a block
constexpr int kGroups = 8;   // threads that share the chunks of one result
constexpr int kInARow = 64;  // terms of one f32 sum

// --- kernels ---

template <typename A>
struct SumShape {
  int64_t chunks, chunk_numel, count;
  int r, s, c, taps_h, taps_w, fold;  // fold: 1 or 2 taps along each axis
  A factor;
  bool add;
};

template <typename A>
__global__ void sum_partials_kernel(const A* __restrict__ partial, A* __restrict__ out,
                                    SumShape<A> p) {
  __shared__ A sums[kGroups][kLanes];
  const int lane = static_cast<int>(threadIdx.x), group = static_cast<int>(threadIdx.y);
  const int64_t i = int64_t{blockIdx.x} * kLanes + lane;
  A sum{0};
  if (i < p.count) {
    const int64_t filter = i / p.c;  // (k, r, s)
    const int s = static_cast<int>(filter % p.s), r = static_cast<int>(filter / p.s % p.r);
    const int64_t k = filter / p.s / p.r;
    const A* const first = partial + ((k * p.taps_h + r) * p.taps_w + s) * p.c + i % p.c;
    for (int64_t chunk = group; chunk < p.chunks; chunk += kGroups) {
      const A* const at = first + chunk * p.chunk_numel;
      for (int y = 0; y < p.fold; ++y) {
        for (int x = 0; x < p.fold; ++x) sum += at[(int64_t{y} * p.taps_w + x) * p.c];
      }
    }
  }
  sums[group][lane] = sum;
  __syncthreads();
  if (group == 0 && i < p.count) {
    for (int g = 1; g < kGroups; ++g) sum += sums[g][lane];
    out[i] = p.factor * sum + (p.add ? out[i] : A{0});
  }
}

template <typename T>
__global__ void column_sum_kernel(const T* __restrict__ x, Acc<T>* __restrict__ partial,
                                  int64_t pixels, int64_t channels, int64_t chunk) {
  using A = Acc<T>;
  __shared__ A sums[kGroups][kLanes];
  const int lane = static_cast<int>(threadIdx.x), group = static_cast<int>(threadIdx.y);
  const int64_t c = int64_t{blockIdx.y} * kLanes + lane;
  const int64_t begin = int64_t{blockIdx.x} * chunk, end = min(pixels, begin + chunk);
  A total{0};
  for (int64_t from = begin; c < channels && from < end; from += int64_t{kGroups} * kInARow) {
    A sum{0};
    for (int j = 0; j < kInARow; ++j) {
      const int64_t pixel = from + group + int64_t{j} * kGroups;
      if (pixel < end) sum += to_acc(x[pixel * channels + c]);
    }
    total += sum;
  }
  sums[group][lane] = total;
  __syncthreads();
  if (group == 0 && c < channels) {
    for (int g = 1; g < kGroups; ++g) total += sums[g][lane];
    partial[int64_t{blockIdx.x} * channels + c] = total;
  }
}

// --- launchers ---

template <typename A>
void sum_partials(Queue& queue, const void* partial, void* out, const SumShape<A>& shape) {
  const auto blocks = static_cast<unsigned>(ceil_div(shape.count, kLanes));
  launch(queue, sum_partials_kernel<A>, {.grid = dim3(blocks), .block = dim3(kLanes, kGroups)},
         static_cast<const A*>(partial), static_cast<A*>(out), shape);
}

// Pixels of a chunk: a few hundred chunks of a large image, whole passes of a block.
int64_t column_sum_chunk(const ConstTensorView& x) {
  constexpr int64_t kPass = int64_t{kGroups} * kInARow, kChunks = 512;
  return kPass * std::max<int64_t>(1, ceil_div(x.shape.pixels(), kPass * kChunks));
}

}  // namespace

void sum_wgrad_partials(Queue& queue, const WgradSums& args) {
  const Shape& w = args.dw.shape;
  const int64_t chunk_numel = w.n * args.taps_h * args.taps_w * w.c;
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  dispatch_float(args.dw.dtype, [&](auto tag) {
    using A = typename decltype(tag)::type;
    sum_partials<A>(queue, args.partial, args.dw.data,
                    {.chunks = args.chunks,
                     .chunk_numel = chunk_numel,
                     .count = w.numel(),
                     .r = i(w.h),
                     .s = i(w.w),
                     .c = i(w.c),
                     .taps_h = i(args.taps_h),
                     .taps_w = i(args.taps_w),
                     .fold = args.taps_h == w.h ? 1 : 2,
                     .factor = static_cast<A>(args.factor),
                     .add = args.accumulate == Accumulate::add});
  });
}

void sum_bias_grad_partials(Queue& queue, const Conv2dWeightGradArgs& args, const void* partial,
                            int64_t chunks) {
  const int64_t channels = args.db.shape.numel();
  const int c = static_cast<int>(channels);
  dispatch_float(args.db.dtype, [&](auto tag) {
    using A = typename decltype(tag)::type;
    sum_partials<A>(queue, partial, args.db.data,
                    {.chunks = chunks,
                     .chunk_numel = channels,
                     .count = channels,
                     .r = 1,
                     .s = 1,
                     .c = c,
                     .taps_h = 1,
                     .taps_w = 1,
                     .fold = 1,
                     .factor = A{1},
                     .add = args.db_accumulate == Accumulate::add});
  });
}

int64_t column_sum_chunks(const ConstTensorView& x) {
  return ceil_div(x.shape.pixels(), column_sum_chunk(x));
}

void column_sums(Queue& queue, const ConstTensorView& x, void* partial) {
  const int64_t channels = x.shape.c;
  const dim3 grid(static_cast<unsigned>(column_sum_chunks(x)),
                  static_cast<unsigned>(ceil_div(channels, kLanes)));
  dispatch_storage(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch(queue, column_sum_kernel<T>, {.grid = grid, .block = dim3(kLanes, kGroups)}, x.as<T>(),
           static_cast<Acc<T>*>(partial), x.shape.pixels(), channels, column_sum_chunk(x));
  });
}

}  // namespace pg::cuda
