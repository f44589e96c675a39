// latents.cpp: NumPy's random numbers and smoothing in time.
#include "model/networks/latents.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

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

int64_t radius_of(double sigma) { return static_cast<int64_t>(4.0 * sigma + 0.5); }

// Weights of -radius .. radius, which sum to 1.
std::vector<double> gaussian(double sigma) {
  if (sigma <= 0.0) return {1.0};
  const int64_t radius = radius_of(sigma);
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

// The rows of a table of random numbers, from any one on, and the first after the last.
class RandomLoop::Rows {
 public:
  Rows(const Shape& shape, int64_t first) : shape_(shape), normal_(shape.seed) {
    for (int64_t i = 0; i < first * shape.row; ++i) normal_.next();
    at_ = first;
  }

  void next(std::vector<double>& row) {
    if (at_ == shape_.frames) {
      normal_ = NumpyNormal(shape_.seed);
      at_ = 0;
    }
    ++at_;
    row.resize(static_cast<size_t>(shape_.row));
    for (double& v : row) v = normal_.next();
  }

 private:
  Shape shape_;
  NumpyNormal normal_;
  int64_t at_ = 0;
};

RandomLoop::RandomLoop(const Shape& shape, const std::function<void()>& between)
    : shape_(shape), weights_(gaussian(shape.sigma)) {
  PG_ASSERT(shape.frames > 0 && shape.row > 0);
  restart();
  double sum = 0.0;
  for (int64_t t = 0; t < shape.frames; ++t) {
    between();
    for (const double v : smooth()) sum += v * v;
  }
  scale_ = 1.0 / std::sqrt(sum / static_cast<double>(shape.frames * shape.row));
  restart();
}

RandomLoop::~RandomLoop() = default;

double RandomLoop::bytes(const Shape& shape) {
  const double window = 2.0 * static_cast<double>(radius_of(shape.sigma)) + 1.0;
  return std::min(window, static_cast<double>(shape.frames)) * static_cast<double>(shape.row) *
         sizeof(double);
}

std::vector<double> RandomLoop::next() {
  std::vector<double> latents = smooth();
  for (double& v : latents) v *= scale_;
  return latents;
}

// Before frame 0: its window except the last row. A short loop is kept as a whole, so rows are
// found at the same place in both cases: their number modulo the number of rows kept.
void RandomLoop::restart() {
  const int64_t radius = static_cast<int64_t>(weights_.size() / 2), frames = shape_.frames;
  const int64_t kept = std::min<int64_t>(static_cast<int64_t>(weights_.size()), frames);
  window_.resize(static_cast<size_t>(kept));
  rows_ = std::make_unique<Rows>(shape_, (frames - radius % frames) % frames);
  frame_ = 0;
  for (int64_t i = -radius; i < radius; ++i) rows_->next(kept_row(i));
}

std::vector<double>& RandomLoop::kept_row(int64_t i) {
  const auto kept = static_cast<int64_t>(window_.size());
  return window_[static_cast<size_t>((i % kept + kept) % kept)];
}

std::vector<double> RandomLoop::smooth() {
  const auto radius = static_cast<int64_t>(weights_.size() / 2);
  rows_->next(kept_row(frame_ + radius));
  std::vector<double> y(static_cast<size_t>(shape_.row), 0.0);
  for (int64_t k = -radius; k <= radius; ++k) {
    const double w = weights_[static_cast<size_t>(k + radius)];
    const std::vector<double>& x = kept_row(frame_ + k);
    for (size_t i = 0; i < y.size(); ++i) y[i] += w * x[i];
  }
  ++frame_;
  return y;
}

SeedLoop::SeedLoop(std::vector<std::vector<double>> keys, int64_t frames, int64_t cells)
    : keys_(std::move(keys)), frames_(frames), cells_(cells) {
  PG_ASSERT(!keys_.empty() && frames > 0 && cells > 0);
}

std::vector<double> SeedLoop::next() {
  const auto count = static_cast<int64_t>(keys_.size());
  const double place = static_cast<double>(count * frame_) / static_cast<double>(frames_);
  const auto key = static_cast<int64_t>(place);
  const double t = place - static_cast<double>(key), eased = t * t * (3.0 - 2.0 * t);
  frame_ = (frame_ + 1) % frames_;
  std::vector<double> latents;
  for (int64_t cell = 0; cell < cells_; ++cell) {
    const auto from = static_cast<size_t>((key + cell) % count);
    const std::vector<double> row =
        on_great_circle(keys_[from], keys_[(from + 1) % keys_.size()], eased);
    latents.insert(latents.end(), row.begin(), row.end());
  }
  return latents;
}

std::vector<double> on_great_circle(const std::vector<double>& a, const std::vector<double>& b,
                                    double t) {
  PG_ASSERT(a.size() == b.size());
  double aa = 0.0, ab = 0.0, bb = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    aa += a[i] * a[i];
    ab += a[i] * b[i];
    bb += b[i] * b[i];
  }
  const double angle = std::acos(std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0));
  // Nearly equal or opposite directions have no circle; the line is as good.
  const double sine = std::sin(angle);
  const bool line = !(sine > 1e-6);
  const double wa = line ? 1.0 - t : std::sin((1.0 - t) * angle) / sine;
  const double wb = line ? t : std::sin(t * angle) / sine;
  std::vector<double> y;
  for (size_t i = 0; i < a.size(); ++i) y.push_back(wa * a[i] + wb * b[i]);
  return y;
}

}  // namespace pg
