// stddev.cpp: minibatch standard deviation with its first and second order gradients.
//
// All three run over chunks of positions (h, w, c) of one group, whose mean and deviation stay in
// L1. These are f64 even for f32: where samples differ little, x - mean would otherwise be mostly
// the rounding error of the mean. Sums over positions are added chunk by chunk, in order.
#include <cmath>
#include <vector>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/parallel.h"

namespace pg::cpu {
namespace {

constexpr int64_t kChunk = 512;  // positions

// The samples of each group.
class Groups {
 public:
  Groups(const Shape& x, const MinibatchStddevGeometry& g)
      : size_(g.group), batch_(x.n / g.batches), geometry_(g) {
    PG_ASSERT(g.batches >= 1 && g.group >= 1 && x.n % g.batches == 0 && batch_ % g.group == 0);
  }
  int64_t count() const { return geometry_.batches * (batch_ / size_); }
  int64_t size() const { return size_; }
  // The i-th sample of a group.
  int64_t sample(int64_t group, int64_t i) const {
    const int64_t groups = batch_ / size_, first = group / groups * batch_;
    const int64_t member = group % groups;
    return first +
           (geometry_.order == GroupOrder::strided ? i * groups + member : member * size_ + i);
  }
  // 1 / d of the variance; 0 where the unbiased variance of one sample is defined as 0.
  double inverse_divisor() const {
    if (geometry_.variance == Variance::biased) return 1.0 / static_cast<double>(size_);
    return size_ == 1 ? 0.0 : 1.0 / static_cast<double>(size_ - 1);
  }

 private:
  int64_t size_, batch_;
  MinibatchStddevGeometry geometry_;
};

// Calls f(group, first position, count) for each chunk of each group; returns for each group the
// sum of the results.
template <typename F>
std::vector<double> sum_chunks(int threads, const Groups& groups, int64_t positions, F f) {
  const int64_t chunks = ceil_div(positions, kChunk);
  std::vector<double> partial(static_cast<size_t>(groups.count() * chunks));
  double* const out = partial.data();
  parallel_for(threads, groups.count() * chunks, 4, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % chunks * kChunk;
      out[i] = f(i / chunks, first, std::min(kChunk, positions - first));
    }
  });
  std::vector<double> sums(static_cast<size_t>(groups.count()), 0.0);
  for (size_t i = 0; i < partial.size(); ++i) sums[i / static_cast<size_t>(chunks)] += partial[i];
  return sums;
}

// A chunk of positions of one group, of one tensor.
template <typename T>
struct Slice {
  const T* data;  // of the first position of sample 0
  int64_t stride, count, group;
  const Groups& groups;

  const T* sample(int64_t i) const { return data + groups.sample(group, i) * stride; }

  void mean(double* mean) const {
    std::fill_n(mean, count, 0.0);
    for (int64_t i = 0; i < groups.size(); ++i) {
      const T* const x = sample(i);
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) mean[j] += static_cast<double>(x[j]);
    }
    const double size = static_cast<double>(groups.size());
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) mean[j] /= size;
  }

  // s = sqrt(variance + eps).
  void deviation(const double* mean, double eps, double* s) const {
    std::fill_n(s, count, 0.0);
    for (int64_t i = 0; i < groups.size(); ++i) {
      const T* const x = sample(i);
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) {
        const double centred = static_cast<double>(x[j]) - mean[j];
        s[j] += centred * centred;
      }
    }
    const double inverse = groups.inverse_divisor();
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) s[j] = std::sqrt(s[j] * inverse + eps);
  }
};

// For each group, the sum over its samples of dy / (H W C d): a factor of both gradients.
template <typename T>
std::vector<double> group_factors(const Groups& groups, const T* dy, int64_t positions) {
  std::vector<double> factors;
  for (int64_t group = 0; group < groups.count(); ++group) {
    double sum = 0.0;
    for (int64_t i = 0; i < groups.size(); ++i) {
      sum += static_cast<double>(dy[groups.sample(group, i)]);
    }
    factors.push_back(sum / static_cast<double>(positions) * groups.inverse_divisor());
  }
  return factors;
}

// y[n] = scale * sums[group of n].
template <typename T>
void spread(const Groups& groups, const std::vector<double>& sums, double scale, T* y) {
  for (int64_t group = 0; group < groups.count(); ++group) {
    for (int64_t i = 0; i < groups.size(); ++i) {
      y[groups.sample(group, i)] = static_cast<T>(scale * sums[static_cast<size_t>(group)]);
    }
  }
}

template <typename T>
void stddev(int threads, const MinibatchStddevArgs& args) {
  const Groups groups(args.x.shape, args.geometry);
  const int64_t positions = args.x.shape.numel() / args.x.shape.n;
  const T* const x = args.x.as<T>();
  const double eps = args.geometry.eps;
  const auto sums = sum_chunks(threads, groups, positions,
                               [=, &groups](int64_t group, int64_t first, int64_t count) {
                                 const Slice<T> slice{x + first, positions, count, group, groups};
                                 double mean[kChunk], s[kChunk];
                                 slice.mean(mean);
                                 slice.deviation(mean, eps, s);
                                 return lane_sum<double>(count, [&s](int64_t j) { return s[j]; });
                               });
  spread(groups, sums, 1.0 / static_cast<double>(positions), args.y.as<T>());
}

template <typename T>
void stddev_vjp(int threads, const MinibatchStddevVjpArgs& args) {
  const Groups groups(args.x.shape, args.geometry);
  const int64_t positions = args.x.shape.numel() / args.x.shape.n;
  const T* const x = args.x.as<T>();
  T* const dx = args.dx.as<T>();
  const double eps = args.geometry.eps;
  const std::vector<double> factors = group_factors(groups, args.dy.as<T>(), positions);
  sum_chunks(threads, groups, positions,
             [=, &groups, &factors](int64_t group, int64_t first, int64_t count) {
               const Slice<T> slice{x + first, positions, count, group, groups};
               double mean[kChunk], s[kChunk];
               slice.mean(mean);
               slice.deviation(mean, eps, s);
               const double factor = factors[static_cast<size_t>(group)];
               for (int64_t i = 0; i < groups.size(); ++i) {
                 const T* const row = slice.sample(i);
                 T* const out = dx + groups.sample(group, i) * positions + first;
#pragma omp simd
                 for (int64_t j = 0; j < count; ++j) {
                   const double centred = static_cast<double>(row[j]) - mean[j];
                   out[j] = static_cast<T>(factor * centred / s[j]);
                 }
               }
               return 0.0;
             });
}

// One chunk of the second order: writes dx (unless null) and returns the chunk's sum of a / s, with
// a[j] = sum over the samples of u * (x - mean), from which ddy follows.
template <typename T>
struct SecondOrder {
  const T* x;
  const T* u;
  T* dx;
  int64_t positions;
  double eps;

  double operator()(const Groups& groups, int64_t group, int64_t first, int64_t count,
                    double factor) const {
    const Slice<T> xs{x + first, positions, count, group, groups};
    const Slice<T> us{u + first, positions, count, group, groups};
    double mean_x[kChunk], mean_u[kChunk], s[kChunk], a[kChunk] = {};
    xs.mean(mean_x);
    us.mean(mean_u);
    xs.deviation(mean_x, eps, s);
    for (int64_t i = 0; i < groups.size(); ++i) {
      const T* const xr = xs.sample(i);
      const T* const ur = us.sample(i);
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) {
        a[j] += (static_cast<double>(ur[j]) - mean_u[j]) * (static_cast<double>(xr[j]) - mean_x[j]);
      }
    }
    for (int64_t i = 0; dx != nullptr && i < groups.size(); ++i) {
      const T* const xr = xs.sample(i);
      const T* const ur = us.sample(i);
      T* const out = dx + groups.sample(group, i) * positions + first;
#pragma omp simd
      for (int64_t j = 0; j < count; ++j) {
        const double curvature = a[j] * groups.inverse_divisor() / (s[j] * s[j]);
        const double du = static_cast<double>(ur[j]) - mean_u[j];
        const double dv = static_cast<double>(xr[j]) - mean_x[j];
        out[j] = static_cast<T>(factor * (du - curvature * dv) / s[j]);
      }
    }
    return lane_sum<double>(count, [&](int64_t j) { return a[j] / s[j]; });
  }
};

template <typename T>
void stddev_vjp2(int threads, const MinibatchStddevVjp2Args& args) {
  const Groups groups(args.x.shape, args.geometry);
  const int64_t positions = args.x.shape.numel() / args.x.shape.n;
  const std::vector<double> factors = group_factors(groups, args.dy.as<T>(), positions);
  const SecondOrder<T> chunk{args.x.as<T>(), args.u.as<T>(), args.dx.as<T>(), positions,
                             args.geometry.eps};
  const auto sums =
      sum_chunks(threads, groups, positions, [&](int64_t group, int64_t first, int64_t count) {
        return chunk(groups, group, first, count, factors[static_cast<size_t>(group)]);
      });
  if (!args.ddy) return;
  spread(groups, sums, groups.inverse_divisor() / static_cast<double>(positions), args.ddy.as<T>());
}

}  // namespace

void CpuBackend::minibatch_stddev(const MinibatchStddevArgs& args) {
  PG_ASSERT(args.y.shape == (Shape{args.x.shape.n, 1, 1, 1}));
  dispatch_float(args.x.dtype,
                 [&](auto tag) { stddev<typename decltype(tag)::type>(threads_, args); });
}

void CpuBackend::minibatch_stddev_vjp(const MinibatchStddevVjpArgs& args) {
  PG_ASSERT(args.dy.shape == (Shape{args.x.shape.n, 1, 1, 1}) && args.dx.shape == args.x.shape);
  dispatch_float(args.x.dtype,
                 [&](auto tag) { stddev_vjp<typename decltype(tag)::type>(threads_, args); });
}

void CpuBackend::minibatch_stddev_vjp2(const MinibatchStddevVjp2Args& args) {
  PG_ASSERT(args.dy.shape == (Shape{args.x.shape.n, 1, 1, 1}) && args.u.shape == args.x.shape);
  PG_ASSERT(!args.ddy || args.ddy.shape == args.dy.shape);
  PG_ASSERT(!args.dx || args.dx.shape == args.x.shape);
  dispatch_float(args.x.dtype,
                 [&](auto tag) { stddev_vjp2<typename decltype(tag)::type>(threads_, args); });
}

}  // namespace pg::cpu
