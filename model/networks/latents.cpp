// latents.cpp: NumPy's random numbers and smoothing in time.
#include "model/networks/latents.h"

#include <cmath>
#include <random>

#include "kernels/error.h"

namespace pg {
namespace {

class NumpyNormal {
 public:
  explicit NumpyNormal(uint32_t seed) : twister_(seed) {}

  double next() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double x = 0.0, y = 0.0, r2 = 0.0;
    do {
      x = 2.0 * uniform() - 1.0;
      y = 2.0 * uniform() - 1.0;
      r2 = x * x + y * y;
    } while (r2 >= 1.0 || r2 == 0.0);
    const double f = std::sqrt(-2.0 * std::log(r2) / r2);
    spare_ = f * x;
    has_spare_ = true;
    return f * y;
  }

 private:
  double uniform() {
    const uint64_t high = twister_() >> 5, low = twister_() >> 6;
    return (static_cast<double>(high) * 67108864.0 + static_cast<double>(low)) / 9007199254740992.0;
  }

  std::mt19937 twister_;
  double spare_ = 0.0;
  bool has_spare_ = false;
};

// Weights of -radius .. radius, which sum to 1.
std::vector<double> gaussian(double sigma) {
  const auto radius = static_cast<int64_t>(4.0 * sigma + 0.5);
  std::vector<double> weights;
  double sum = 0.0;
  for (int64_t i = -radius; i <= radius; ++i) {
    weights.push_back(std::exp(-0.5 * static_cast<double>(i * i) / (sigma * sigma)));
    sum += weights.back();
  }
  for (double& w : weights) w /= sum;
  return weights;
}

}  // namespace

std::vector<double> numpy_randn(uint32_t seed, int64_t count) {
  NumpyNormal normal(seed);
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) v = normal.next();
  return values;
}

void smooth_over_time(std::vector<double>& latents, int64_t frames, double sigma) {
  PG_ASSERT(frames > 0 && latents.size() % static_cast<size_t>(frames) == 0);
  const auto row = latents.size() / static_cast<size_t>(frames);
  if (sigma > 0.0) {
    const std::vector<double> weights = gaussian(sigma);
    const auto radius = static_cast<int64_t>(weights.size() / 2);
    std::vector<double> smooth(latents.size(), 0.0);
    for (int64_t t = 0; t < frames; ++t) {
      for (int64_t k = -radius; k <= radius; ++k) {
        const int64_t from = ((t + k) % frames + frames) % frames;
        const double w = weights[static_cast<size_t>(k + radius)];
        const double* x = &latents[static_cast<size_t>(from) * row];
        double* y = &smooth[static_cast<size_t>(t) * row];
        for (size_t i = 0; i < row; ++i) y[i] += w * x[i];
      }
    }
    latents = std::move(smooth);
  }
  double sum = 0.0;
  for (const double v : latents) sum += v * v;
  const double scale = 1.0 / std::sqrt(sum / static_cast<double>(latents.size()));
  for (double& v : latents) v *= scale;
}

}  // namespace pg
