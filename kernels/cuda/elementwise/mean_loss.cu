// mean_loss.cu: losses made of means over a few numbers, and their gradients (contract:
// kernels/mean_loss.h).
//
// One warp computes the loss: its lanes add every 32nd number, in f64, and each other's sums.
#include <cmath>

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/block/sums.cuh"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"
#include "kernels/cuda/elementwise/unary.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

template <typename T>
struct Term {
  int64_t first, count;
  T scale, sign, shift, weight;
  double share;  // of one number in the mean
  MeanOf f;
  bool root;

  __device__ T v(T x) const { return scale * (root ? std::sqrt(x) : x); }
  __device__ T u(T x) const { return sign * v(x) + shift; }

  __device__ T value(T x) const {
    const T at = u(x);
    switch (f) {
      case MeanOf::value:
        return at;
      case MeanOf::square:
        return at * at;
      case MeanOf::relu:
        return at > T{0} ? at : T{0} * at;
      case MeanOf::softplus:
        return softplus(at);
    }
    return at;
  }

  // d: of the mean of f.
  __device__ T gradient(T x, T d) const {
    const T at = u(x);
    T g = d;
    if (f == MeanOf::square) g = d * (T{2} * at);
    if (f == MeanOf::relu) g = at > T{0} ? d : T{0} * d;
    if (f == MeanOf::softplus) g = d * sigmoid(at);
    g = scale * (sign * g);
    return root ? g * (T{0.5} * (T{1} / std::sqrt(x))) : g;
  }
};

template <typename T>
struct Terms {
  Term<T> term[MeanTerms::kMost];
  int count;
};

template <typename T>
__global__ void __launch_bounds__(kWarp)
    mean_loss_kernel(const __grid_constant__ Terms<T> terms, const T* x, T* loss, T* means) {
  ptx::follow_earlier_kernels();
  T total = 0;
  for (int k = 0; k < terms.count; ++k) {
    const Term<T>& term = terms.term[k];
    double of_v = 0.0, of_f = 0.0;
    for (int64_t i = threadIdx.x; i < term.count; i += kWarp) {
      const T at = x[term.first + i];
      of_v += static_cast<double>(term.v(at));
      of_f += static_cast<double>(term.value(at));
    }
    of_v = group_sum(of_v, kWarp);
    of_f = group_sum(of_f, kWarp);
    if (threadIdx.x == 0) means[k] = static_cast<T>(term.share * of_v);
    total += term.weight * static_cast<T>(term.share * of_f);
  }
  if (threadIdx.x == 0) *loss = total;
}

constexpr int kThreads = 128;

template <typename T>
__global__ void __launch_bounds__(kThreads)
    mean_loss_vjp_kernel(const __grid_constant__ Terms<T> terms, const T* x, const T* dy, T* dx,
                         int64_t count) {
  ptx::follow_earlier_kernels();
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= count) return;
  const T at = x[i];
  T sum = 0;
  for (int k = terms.count - 1; k >= 0; --k) {
    const Term<T>& term = terms.term[k];
    if (i < term.first || i >= term.first + term.count) continue;
    sum += term.gradient(at, static_cast<T>(term.share) * (term.weight * *dy));
  }
  dx[i] = sum;
}

// --- launchers ---

template <typename T>
Terms<T> terms_of(const MeanTerms& from) {
  PG_ASSERT(from.count >= 1 && from.count <= MeanTerms::kMost);
  Terms<T> terms{};
  terms.count = from.count;
  for (int k = 0; k < from.count; ++k) {
    const MeanTerm& t = from.term[static_cast<size_t>(k)];
    terms.term[k] = {.first = t.first,
                     .count = t.count,
                     .scale = static_cast<T>(t.scale),
                     .sign = static_cast<T>(t.sign),
                     .shift = static_cast<T>(t.shift),
                     .weight = static_cast<T>(t.weight),
                     .share = 1.0 / static_cast<double>(t.count),
                     .f = t.f,
                     .root = t.root};
  }
  return terms;
}

}  // namespace

void mean_loss(Queue& queue, const MeanLossArgs& args) {
  PG_ASSERT(args.means.shape.c == args.terms.count);
  dispatch_float(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    launch(queue, mean_loss_kernel<T>, {.grid = dim3(1), .block = dim3(kWarp)},
           terms_of<T>(args.terms), args.x.as<T>(), args.loss.as<T>(), args.means.as<T>());
  });
}

void mean_loss_vjp(Queue& queue, const MeanLossVjpArgs& args) {
  PG_ASSERT(args.dx.shape == args.x.shape);
  dispatch_float(args.x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const int64_t count = args.x.shape.numel();
    launch(
        queue, mean_loss_vjp_kernel<T>,
        {.grid = dim3(static_cast<unsigned>(ceil_div(count, kThreads))), .block = dim3(kThreads)},
        terms_of<T>(args.terms), args.x.as<T>(), args.dy.as<T>(), args.dx.as<T>(), count);
  });
}

}  // namespace pg::cuda
