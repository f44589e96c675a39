// stddev.cu: minibatch standard deviation to second order (contracts: kernels/stddev.h).
//
// All arithmetic is f64: samples of a group may differ little, and the terms of second order
// cancel. The tensors are small (4x4 pixels), so this is cheap even with slow f64; a thread has two
// positions, so that every processor gets some. Each block sums its own positions, and a second
// kernel sums the blocks of a group.
#include <cmath>
#include <type_traits>

#include "kernels/cuda/block/block_sum.cuh"
#include "kernels/cuda/block/pack.cuh"
#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/sums.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

constexpr int kThreads = 256;

// --- kernels ---

// The samples of a group, and the constants of its statistics.
struct Groups {
  int64_t positions;  // H W C
  int count, size;    // groups of the batch, samples of one
  int each;           // groups of one minibatch
  GroupOrder order;
  Access access;           // of every sample
  double inverse_divisor;  // 1 / d of the variance; 0 if the variance of one sample is defined as 0
  double eps;

  __device__ int sample(int group, int i) const {
    const int member = group % each, first = group / each * each * size;
    return first + (order == GroupOrder::strided ? i * each + member : member * size + i);
  }
  __device__ int64_t offset(int group, int i, int64_t position) const {
    return sample(group, i) * positions + position;
  }
};

// N positions of one group of a tensor.
template <typename T, int N>
class Slice {
 public:
  __device__ Slice(const T* x, const Groups& groups, int group, int64_t position)
      : x_(x), groups_(groups), group_(group), position_(position), mean_{} {
    for (int i = 0; i < groups.size; ++i) {
      const Pack<T, N> v = at(i);
#pragma unroll
      for (int j = 0; j < N; ++j) mean_[j] += static_cast<double>(to_acc(v.value[j]));
    }
#pragma unroll
    for (int j = 0; j < N; ++j) mean_[j] /= groups.size;
  }

  __device__ Pack<T, N> at(int i) const {
    return load<N>(x_ + groups_.offset(group_, i, position_), groups_.access);
  }
  // x - mean of the group, for position j of v = at(i).
  __device__ double centred(const Pack<T, N>& v, int j) const {
    return static_cast<double>(to_acc(v.value[j])) - mean_[j];
  }
  // s = sqrt(variance + eps).
  __device__ void deviation(double (&s)[N]) const {
#pragma unroll
    for (int j = 0; j < N; ++j) s[j] = 0.0;
    for (int i = 0; i < groups_.size; ++i) {
      const Pack<T, N> v = at(i);
#pragma unroll
      for (int j = 0; j < N; ++j) s[j] = std::fma(centred(v, j), centred(v, j), s[j]);
    }
#pragma unroll
    for (int j = 0; j < N; ++j) {
      s[j] = std::sqrt(std::fma(s[j], groups_.inverse_divisor, groups_.eps));
    }
  }

 private:
  const T* x_;
  const Groups& groups_;
  int group_;
  int64_t position_;
  double mean_[N];
};

// The first position of a thread; its group is blockIdx.x.
template <int N>
__device__ int64_t first_position() {
  return (int64_t{blockIdx.y} * kThreads + threadIdx.x) * N;
}

// Stores the block's sum of `value` as a partial sum of its group.
__device__ void add_block(double value, double* partial) {
  value = block_sum<kThreads>(value);
  if (threadIdx.x == 0) partial[int64_t{blockIdx.x} * gridDim.y + blockIdx.y] = value;
}

// y[n] = scale * sum of the partial sums of n's group.
template <typename A>
__global__ void __launch_bounds__(32)
    spread_kernel(const double* partial, int blocks, double scale, A* y, Groups groups) {
  ptx::follow_earlier_kernels();
  const int group = static_cast<int>(blockIdx.x), lane = static_cast<int>(threadIdx.x);
  double sum = 0.0;
  for (int i = lane; i < blocks; i += 32) sum += partial[int64_t{group} * blocks + i];
  sum = group_sum(sum, 32);
  for (int i = lane; i < groups.size; i += 32) {
    y[groups.sample(group, i)] = static_cast<A>(scale * sum);
  }
}

// Sum over the group of dy / (H W C d), the common factor of the gradients.
template <typename A>
__device__ double group_factor(const Groups& groups, int group, const A* dy) {
  double sum = 0.0;
  for (int i = 0; i < groups.size; ++i) sum += static_cast<double>(dy[groups.sample(group, i)]);
  return sum / static_cast<double>(groups.positions) * groups.inverse_divisor;
}

template <typename T, int N>
__global__ void __launch_bounds__(kThreads, 2)
    minibatch_stddev_kernel(const T* x, double* partial, Groups groups) {
  ptx::follow_earlier_kernels();
  const int64_t p = first_position<N>();
  double sum = 0.0;
  if (p < groups.positions) {
    double s[N];
    Slice<T, N>(x, groups, static_cast<int>(blockIdx.x), p).deviation(s);
#pragma unroll
    for (int j = 0; j < N; ++j) sum += s[j];
  }
  add_block(sum, partial);
}

template <typename T, int N>
__global__ void __launch_bounds__(kThreads, 2)
    minibatch_stddev_vjp_kernel(const T* x, const Acc<T>* dy, T* dx, Groups groups) {
  ptx::follow_earlier_kernels();
  const int group = static_cast<int>(blockIdx.x);
  const int64_t p = first_position<N>();
  if (p >= groups.positions) return;
  const double factor = group_factor(groups, group, dy);
  const Slice<T, N> slice(x, groups, group, p);
  double s[N];
  slice.deviation(s);
#pragma unroll
  for (int j = 0; j < N; ++j) s[j] = factor / s[j];
  for (int i = 0; i < groups.size; ++i) {
    const Pack<T, N> v = slice.at(i);
    Pack<T, N> out;
#pragma unroll
    for (int j = 0; j < N; ++j) out.value[j] = from_double<T>(slice.centred(v, j) * s[j]);
    store(dx + groups.offset(group, i, p), out, groups.access);
  }
}

template <typename T>
struct SecondOrder {
  const T *x, *u;
  const Acc<T>* dy;
  T* dx;            // or null
  double* partial;  // or null

  // With a = sum over the samples of (u - mean) (x - mean):
  //   dx = factor * ((u - mean) - a / (d s^2) * (x - mean)) / s.
  template <int N>
  __device__ void write(const Groups& groups, const Slice<T, N>& xs, const Slice<T, N>& us,
                        const double (&a)[N], const double (&s)[N]) const {
    const int group = static_cast<int>(blockIdx.x);
    const double factor = group_factor(groups, group, dy);
    double curvature[N];
#pragma unroll
    for (int j = 0; j < N; ++j) curvature[j] = a[j] * groups.inverse_divisor / (s[j] * s[j]);
    for (int i = 0; i < groups.size; ++i) {
      const Pack<T, N> xi = xs.at(i), ui = us.at(i);
      Pack<T, N> out;
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const double g = std::fma(-curvature[j], xs.centred(xi, j), us.centred(ui, j));
        out.value[j] = from_double<T>(factor * g / s[j]);
      }
      store(dx + groups.offset(group, i, first_position<N>()), out, groups.access);
    }
  }
};

template <typename T, int N>
__global__ void __launch_bounds__(kThreads, 2)
    minibatch_stddev_vjp2_kernel(SecondOrder<T> t, Groups groups) {
  ptx::follow_earlier_kernels();
  const int group = static_cast<int>(blockIdx.x);
  const int64_t p = first_position<N>();
  double sum = 0.0;
  if (p < groups.positions) {
    const Slice<T, N> xs(t.x, groups, group, p), us(t.u, groups, group, p);
    double s[N], a[N] = {};
    xs.deviation(s);
    for (int i = 0; i < groups.size; ++i) {
      const Pack<T, N> xi = xs.at(i), ui = us.at(i);
#pragma unroll
      for (int j = 0; j < N; ++j) a[j] = std::fma(us.centred(ui, j), xs.centred(xi, j), a[j]);
    }
#pragma unroll
    for (int j = 0; j < N; ++j) sum += a[j] / s[j];
    if (t.dx != nullptr) t.write(groups, xs, us, a, s);
  }
  if (t.partial != nullptr) add_block(sum, t.partial);
}

// --- launchers ---

Groups groups_of(const Shape& x, const MinibatchStddevGeometry& g, Access access) {
  PG_ASSERT(g.batches >= 1 && g.group >= 1 && x.n % g.batches == 0);
  const int64_t each = x.n / g.batches / g.group;
  PG_ASSERT(each * g.group * g.batches == x.n && x.n < int64_t{1} << 31);
  const bool one = g.variance == Variance::unbiased && g.group == 1;
  const int64_t divisor = g.group - (g.variance == Variance::unbiased ? 1 : 0);
  return {.positions = x.h * x.w * x.c,
          .count = static_cast<int>(g.batches * each),
          .size = static_cast<int>(g.group),
          .each = static_cast<int>(each),
          .order = g.order,
          .access = access,
          .inverse_divisor = one ? 0.0 : 1.0 / static_cast<double>(divisor),
          .eps = g.eps};
}

// The launch of one thread per N positions.
template <int n>
struct Launch {
  static constexpr int N = n;
  LaunchShape shape;
  int blocks;  // of each group
};

// Calls f(Launch<N>) with N = 2 positions per thread, or 1 if their number is odd.
template <typename F>
void with_slices(const Groups& groups, F f) {
  const auto call = [&](auto n) {
    const int64_t blocks = ceil_div(groups.positions, kThreads * n());
    const dim3 grid(static_cast<unsigned>(groups.count), static_cast<unsigned>(blocks));
    f(Launch<n()>{{.grid = grid, .block = dim3(kThreads)}, static_cast<int>(blocks)});
  };
  if (groups.positions % 2 == 0) return call(std::integral_constant<int, 2>{});
  call(std::integral_constant<int, 1>{});
}

double* partial_of(Queue& queue, const Groups& groups, int blocks) {
  return static_cast<double*>(queue.scratch(int64_t{groups.count} * blocks * 8));
}

template <typename A>
void spread(Queue& queue, const double* partial, int blocks, double scale, A* y,
            const Groups& groups) {
  launch(queue, spread_kernel<A>,
         {.grid = dim3(static_cast<unsigned>(groups.count)), .block = dim3(32)}, partial, blocks,
         scale / static_cast<double>(groups.positions), y, groups);
}

}  // namespace

void minibatch_stddev(Queue& queue, const MinibatchStddevArgs& args) {
  PG_ASSERT(args.y.shape == (Shape{args.x.shape.n, 1, 1, 1}));
  dispatch_storage(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>();
    const Groups groups = groups_of(args.x.shape, args.geometry, access_if(is_aligned(x)));
    with_slices(groups, [&](auto l) {
      double* const partial = partial_of(queue, groups, l.blocks);
      launch(queue, minibatch_stddev_kernel<T, l.N>, l.shape, x, partial, groups);
      spread(queue, partial, l.blocks, 1.0, args.y.as<Acc<T>>(), groups);
    });
  });
}

void minibatch_stddev_vjp(Queue& queue, const MinibatchStddevVjpArgs& args) {
  PG_ASSERT(args.dy.shape == (Shape{args.x.shape.n, 1, 1, 1}) && args.dx.shape == args.x.shape);
  dispatch_storage(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* const x = args.x.as<T>();
    T* const dx = args.dx.as<T>();
    const Groups groups = groups_of(args.x.shape, args.geometry, access_if(is_aligned(x, dx)));
    with_slices(groups, [&](auto l) {
      launch(queue, minibatch_stddev_vjp_kernel<T, l.N>, l.shape, x, args.dy.as<Acc<T>>(), dx,
             groups);
    });
  });
}

void minibatch_stddev_vjp2(Queue& queue, const MinibatchStddevVjp2Args& args) {
  PG_ASSERT(args.dy.shape == (Shape{args.x.shape.n, 1, 1, 1}) && args.u.shape == args.x.shape);
  PG_ASSERT(!args.ddy || args.ddy.shape == args.dy.shape);
  PG_ASSERT(!args.dx || args.dx.shape == args.x.shape);
  dispatch_storage(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    SecondOrder<T> t{args.x.as<T>(), args.u.as<T>(), args.dy.as<Acc<T>>(), args.dx.as<T>(),
                     nullptr};
    const Groups groups =
        groups_of(args.x.shape, args.geometry, access_if(is_aligned(t.x, t.u, t.dx)));
    with_slices(groups, [&](auto l) {
      if (args.ddy) t.partial = partial_of(queue, groups, l.blocks);
      launch(queue, minibatch_stddev_vjp2_kernel<T, l.N>, l.shape, t, groups);
      if (!args.ddy) return;
      spread(queue, t.partial, l.blocks, groups.inverse_divisor, args.ddy.as<Acc<T>>(), groups);
    });
  });
}

}  // namespace pg::cuda
