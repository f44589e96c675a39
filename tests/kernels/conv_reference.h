// conv_reference.h: convolution and its input gradient in plain loops that follow the contract.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>

#include "tests/kernels/kernel_test.h"

namespace pg::test {

struct ConvCase {
  const char* name;
  Shape x, w;
  ConvGeometry geometry{};
};

inline Shape result_shape(const ConvCase& c) {
  if (c.geometry.mode == ConvMode::up) return {c.x.n, 2 * c.x.h, 2 * c.x.w, c.w.n};
  if (c.geometry.mode == ConvMode::down) return {c.x.n, c.x.h / 2, c.x.w / 2, c.w.n};
  return {c.x.n, c.x.h + 2 * c.geometry.pad - c.w.h + 1, c.x.w + 2 * c.geometry.pad - c.w.w + 1,
          c.w.n};
}

// Lengths of the sums, for expect_close.
inline int64_t reduction(const ConvCase& c) { return 4 * c.w.h * c.w.w * c.w.c; }
inline int64_t grad_reduction(const ConvCase& c) { return 4 * c.w.h * c.w.w * c.w.n; }

// Calls f(n, p, q, k, r, s, c, h, w) for each product of the contract: y[n, p, q, k] sums
// x[n, h, w, c] times w[k, r, s, c] (times 1/4 for down).
template <typename F>
void for_each_product(const ConvCase& t, F f) {
  const int64_t up = t.geometry.mode == ConvMode::up ? 2 : 1;
  const int64_t down = t.geometry.mode == ConvMode::down ? 2 : 1;
  const Shape y = result_shape(t);
  for_each({y.n, y.h * down, y.w * down, y.c}, [&](int64_t n, int64_t p, int64_t q, int64_t k) {
    for (int64_t r = 0; r < t.w.h; ++r) {
      for (int64_t s = 0; s < t.w.w; ++s) {
        const int64_t h = p + r - t.geometry.pad, w = q + s - t.geometry.pad;
        if (h < 0 || w < 0 || h >= t.x.h * up || w >= t.x.w * up) continue;
        for (int64_t c = 0; c < t.w.c; ++c) {
          f(n, p / down, q / down, k, r, s, c, h / up, w / up);
        }
      }
    }
  });
}

inline double factor(const ConvCase& t) {
  return t.geometry.scale * (t.geometry.mode == ConvMode::down ? 0.25 : 1.0);
}

inline Host conv_reference(const ConvCase& t, const Host& x, const Host& w) {
  Host y(result_shape(t));
  for_each_product(t, [&](auto n, auto p, auto q, auto k, auto r, auto s, auto c, auto h, auto v) {
    y(n, p, q, k) += factor(t) * x(n, h, v, c) * w(k, r, s, c);
  });
  return y;
}

inline Host input_grad_reference(const ConvCase& t, const Host& dy, const Host& w) {
  Host dx(t.x);
  for_each_product(t, [&](auto n, auto p, auto q, auto k, auto r, auto s, auto c, auto h, auto v) {
    dx(n, h, v, c) += factor(t) * dy(n, p, q, k) * w(k, r, s, c);
  });
  return dx;
}

// Multiples of 1/16 in [-1, 1]: even sums of four, as folded filters have, are exact in bf16.
inline Host random_filter(const Shape& shape, uint64_t seed) {
  Host w = random_host(shape, seed);
  for (double& v : w.data) v = std::round(16 * v) / 16;
  return w;
}

// The steps that may follow a convolution.
inline Host lrelu_reference(Host y, const Host& bias, double slope) {
  for_each(y.shape, [&](auto n, auto p, auto q, auto k) {
    const double v = y(n, p, q, k) + bias(0, 0, 0, k);
    y(n, p, q, k) = v > 0 ? v : slope * v;
  });
  return y;
}

// {y * r, r}
inline std::vector<Host> norm_reference(Host y, double eps) {
  Host r({y.shape.n, y.shape.h, y.shape.w, 1});
  for_each(r.shape, [&](auto n, auto p, auto q, auto) {
    double sum = 0.0;
    for (int64_t k = 0; k < y.shape.c; ++k) sum += y(n, p, q, k) * y(n, p, q, k);
    r(n, p, q, 0) = 1 / std::sqrt(sum / static_cast<double>(y.shape.c) + eps);
    for (int64_t k = 0; k < y.shape.c; ++k) y(n, p, q, k) *= r(n, p, q, 0);
  });
  return {y, r};
}

// For {y, r} of a norm after a convolution. In bf16 the sums may be rounded before the norm, in
// each channel that r sums, and the result is rounded again.
inline void expect_normalised(const std::vector<Host>& got, const std::vector<Host>& want,
                              DType dtype, int64_t length) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    if (dtype != DType::bf16) {
      expect_close(got[i], want[i], dtype, length);
      continue;
    }
    for (size_t j = 0; j < want[i].data.size(); ++j) {
      const double bound = 0x1.0p-7 * std::max(1.0, std::abs(want[i].data[j]));
      ASSERT_NEAR(got[i].data[j], want[i].data[j], bound) << "result " << i << " element " << j;
    }
  }
}

inline Host gate_reference(Host y, const Host& gate, double slope) {
  for (size_t i = 0; i < y.data.size(); ++i) y.data[i] *= gate.data[i] > 0 ? 1.0 : slope;
  return y;
}

// The gradient of a pixel norm (r) after an lrelu; y is the result of the norm.
inline Host norm_grad_reference(Host dy, const Host& y, const Host& r, double slope) {
  for_each(r.shape, [&](auto n, auto h, auto w, auto) {
    double mean = 0.0;
    for (int64_t c = 0; c < y.shape.c; ++c) mean += dy(n, h, w, c) * y(n, h, w, c);
    mean /= static_cast<double>(y.shape.c);
    for (int64_t c = 0; c < y.shape.c; ++c) {
      dy(n, h, w, c) = r(n, h, w, 0) * (dy(n, h, w, c) - y(n, h, w, c) * mean);
    }
  });
  return gate_reference(dy, y, slope);
}

// As ptx::round_to_tf32: to 10 bits, ties away from zero.
inline Host rounded_to_tf32(Host host) {
  for (double& v : host.data) {
    const uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(v));
    v = static_cast<double>(std::bit_cast<float>((bits + 0x1000u) & 0xFFFFE000u));
  }
  return host;
}

// The statistics of a norm whose result has this shape.
inline Host random_norms(const Shape& s, uint64_t seed) {
  return random_host({s.n, s.h, s.w, 1}, seed, 0.5, 2.0);
}

}  // namespace pg::test
