// wgrad_sums.cu: adds partial sums of chunks into weight and bias gradients; sums columns of dy.
#include "kernels/cuda/conv/wgrad/wgrad_sums.h"

#include "kernels/cuda/block/divider.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/storage.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kGroups = 8;                  // threads that share the terms of one result, at most
constexpr int kLanes = kThreads / kGroups;  // neighbouring results of a block, at least
constexpr int kInARow = 64;                 // terms of one f32 sum

// --- kernels ---

constexpr int kMostLogLanes = 8;
static_assert(1 << kMostLogLanes == kThreads);

// Partial sums of one gradient; by default of none.
template <typename A>
struct SumPart {
  const A* partial = nullptr;
  A* out = nullptr;
  int64_t chunks = 0, chunk_numel = 0;
  uint32_t count = 0;  // results
  Divider r{}, s{}, c{};
  int taps_h = 1, taps_w = 1, fold = 1;  // fold: 1 or 2 taps along each axis
  int log_lanes = kMostLogLanes;         // results of a block; the other threads share their chunks
  A factor{1};
  bool add = false;

  unsigned blocks() const {
    return static_cast<unsigned>(ceil_div(int64_t{count}, int64_t{1} << log_lanes));
  }
};

// The results of one block. Groups take turns with chunks, and are added in their order.
template <typename A>
__device__ __forceinline__ void sum_chunks(const SumPart<A>& p, A (&sums)[kThreads],
                                           unsigned block) {
  const int t = static_cast<int>(threadIdx.x), lanes = 1 << p.log_lanes, lane = t & (lanes - 1);
  const uint32_t i = block * static_cast<uint32_t>(lanes) + static_cast<uint32_t>(lane);
  const int groups = kThreads >> p.log_lanes;
  A sum{0};
  if (i < p.count) {
    uint32_t k = i;
    const uint32_t c = p.c.split(k), s = p.s.split(k), r = p.r.split(k);
    const int64_t row = int64_t{p.taps_w} * p.c.divisor();
    const A* const first = p.partial + (int64_t{k} * p.taps_h + r) * row + s * p.c.divisor() + c;
    for (int64_t chunk = t >> p.log_lanes; chunk < p.chunks; chunk += groups) {
      const A* const at = first + chunk * p.chunk_numel;
      for (int y = 0; y < p.fold; ++y) {
        for (int x = 0; x < p.fold; ++x) sum += at[y * row + x * p.c.divisor()];
      }
    }
  }
  sums[t] = sum;
  __syncthreads();
  if (t == lane && i < p.count) {
    for (int g = 1; g < groups; ++g) sum += sums[g * lanes + lane];
    p.out[i] = p.factor * sum + (p.add ? p.out[i] : A{0});
  }
}

// The first blocks sum dw, the others db.
template <typename A>
__global__ void __launch_bounds__(kThreads)
    sum_partials_kernel(SumPart<A> dw, SumPart<A> db, unsigned dw_blocks) {
  ptx::follow_earlier_kernels();
  __shared__ A sums[kThreads];
  if (blockIdx.x < dw_blocks) {
    sum_chunks(dw, sums, blockIdx.x);
  } else {
    sum_chunks(db, sums, blockIdx.x - dw_blocks);
  }
}

template <typename T>
__global__ void column_sum_kernel(const T* __restrict__ x, Acc<T>* __restrict__ partial,
                                  int64_t pixels, int64_t channels, int64_t chunk) {
  ptx::follow_earlier_kernels();
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

// As few results as give each chunk a thread. Threads without one would add zeros, so results do
// not depend on it.
int log_lanes_of(int64_t chunks) {
  int log_lanes = kMostLogLanes;
  while (kThreads >> log_lanes < std::min<int64_t>(chunks, kGroups)) --log_lanes;
  return log_lanes;
}

template <typename A>
SumPart<A> filter_part(const WgradSums& args) {
  const Shape& w = args.dw.shape;
  const int64_t chunk_numel = w.n * args.taps_h * args.taps_w * w.c;
  return {.partial = static_cast<const A*>(args.partial),
          .out = static_cast<A*>(args.dw.data),
          .chunks = args.chunks,
          .chunk_numel = chunk_numel,
          .count = small_count(w.numel()),
          .r = Divider(w.h),
          .s = Divider(w.w),
          .c = Divider(w.c),
          .taps_h = static_cast<int>(args.taps_h),
          .taps_w = static_cast<int>(args.taps_w),
          .fold = args.taps_h == w.h ? 1 : 2,
          .log_lanes = log_lanes_of(args.chunks),
          .factor = static_cast<A>(args.factor),
          .add = args.accumulate == Accumulate::add};
}

template <typename A>
SumPart<A> bias_part(const BiasSums& args) {
  const int64_t channels = args.db ? args.db.shape.numel() : 0;
  return {.partial = static_cast<const A*>(args.partial),
          .out = static_cast<A*>(args.db.data),
          .chunks = args.chunks,
          .chunk_numel = channels,
          .count = small_count(channels),
          .c = Divider(std::max<int64_t>(1, channels)),
          .log_lanes = log_lanes_of(args.chunks),
          .add = args.accumulate == Accumulate::add};
}

template <typename A>
void sum_partials(Queue& queue, const SumPart<A>& dw, const SumPart<A>& db) {
  launch(queue, sum_partials_kernel<A>,
         {.grid = dim3(dw.blocks() + db.blocks()), .block = dim3(kThreads)}, dw, db, dw.blocks());
}

// Pixels of a chunk: a few hundred chunks of a large image, whole passes of a block.
int64_t column_sum_chunk(const ConstTensorView& x) {
  constexpr int64_t kPass = int64_t{kGroups} * kInARow, kChunks = 512;
  return kPass * std::max<int64_t>(1, ceil_div(x.shape.pixels(), kPass * kChunks));
}

}  // namespace

BiasSums bias_sums(const Conv2dWeightGradArgs& args, const void* partial, int64_t chunks) {
  return {partial, chunks, args.db, args.db_accumulate};
}

void sum_wgrad_partials(Queue& queue, const WgradSums& args) {
  PG_ASSERT(!args.bias.db || args.bias.db.dtype == args.dw.dtype);
  dispatch_float(args.dw.dtype, [&](auto tag) {
    using A = typename decltype(tag)::type;
    sum_partials(queue, filter_part<A>(args), bias_part<A>(args.bias));
  });
}

void sum_bias_grad_partials(Queue& queue, const Conv2dWeightGradArgs& args, const void* partial,
                            int64_t chunks) {
  dispatch_float(args.db.dtype, [&](auto tag) {
    using A = typename decltype(tag)::type;
    sum_partials(queue, SumPart<A>{}, bias_part<A>(bias_sums(args, partial, chunks)));
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
