// floor.cpp: lists the launches of one iteration, pass by pass.
#include "bench/floor.h"

#include <algorithm>

namespace pg::bench {
namespace {

constexpr double kShortestLaunch = 2.5e-6;
constexpr double kLatent = 512, kColours = 3, kStddevInput = 16 * 512;

enum class Kind : uint8_t { dense, conv, up, down, from_rgb, to_rgb };

struct Layer {
  Kind kind;
  double c, k;     // channels in and out
  double in, out;  // extent of the square image on either side

  bool folded() const { return kind == Kind::up || kind == Kind::down; }
  double x() const { return c * in * in; }    // elements of an input sample
  double y() const { return k * out * out; }  // elements of an output sample
  double flops() const {
    const double taps = kind == Kind::conv ? 9 : folded() ? 4 : 1;
    const double larger = std::max(in, out);
    return 2 * taps * larger * larger * c * k;
  }
  double filter() const { return c * k * (kind == Kind::conv ? 9 : folded() ? 16 : 1); }
  double parameters() const { return c * k * (kind == Kind::conv || folded() ? 9 : 1) + k; }
};

double channels(int64_t resolution) { return static_cast<double>(official_fmaps(resolution)); }

std::vector<Layer> generator(int64_t resolution) {
  const double base = channels(4);
  std::vector<Layer> layers = {{Kind::dense, kLatent, 16 * base, 1, 1},
                               {Kind::conv, base, base, 4, 4}};
  for (int64_t r = 8; r <= resolution; r *= 2) {
    const auto size = static_cast<double>(r);
    layers.push_back({Kind::up, channels(r / 2), channels(r), size / 2, size});
    layers.push_back({Kind::conv, channels(r), channels(r), size, size});
  }
  const auto size = static_cast<double>(resolution);
  layers.push_back({Kind::to_rgb, channels(resolution), kColours, size, size});
  return layers;
}

std::vector<Layer> discriminator(int64_t resolution) {
  const auto full = static_cast<double>(resolution);
  const double base = channels(4);
  std::vector<Layer> layers = {{Kind::from_rgb, kColours, channels(resolution), full, full}};
  for (int64_t r = resolution; r >= 8; r /= 2) {
    const auto size = static_cast<double>(r);
    layers.push_back({Kind::conv, channels(r), channels(r), size, size});
    layers.push_back({Kind::down, channels(r), channels(r / 2), size, size / 2});
  }
  layers.push_back({Kind::conv, base + 1, base, 4, 4});
  layers.push_back({Kind::dense, 16 * base, kLatent, 1, 1});
  layers.push_back({Kind::dense, kLatent, 1, 1, 1});
  return layers;
}

class Iteration {
 public:
  Iteration(int64_t resolution, int64_t n, int64_t activation_bytes)
      : g_(generator(resolution)),
        d_(discriminator(resolution)),
        n_(static_cast<double>(n)),
        e_(static_cast<double>(activation_bytes)),
        image_(kColours * static_cast<double>(resolution * resolution)) {}

  std::vector<Work> run() {
    generator_forward(Keep::nothing);
    add(0, n_ * image_ * (1 + 3 * e_));  // images from bytes, and mixed images
    discriminator_forward(3 * n_);
    discriminator_input_grad(n_, Down::to_image);  // the gradient whose norm is penalised
    discriminator_tangent();                       // the gradient of the penalty
    discriminator_input_grad(3 * n_, Down::to_features);
    discriminator_weight_grad(4 * n_);
    optimizer(d_, 20);  // reads gradient, moment and weight, writes moment and weight
    generator_forward(Keep::norms);
    discriminator_forward(n_);
    discriminator_input_grad(n_, Down::to_image);
    generator_backward();
    optimizer(g_, 28);  // and updates the EMA
    return work_;
  }

 private:
  enum class Keep : uint8_t { nothing, norms };
  enum class Down : uint8_t { to_image, to_features };

  void add(double flops, double bytes) { work_.push_back({flops, bytes}); }

  void generator_forward(Keep keep) {
    add(0, n_ * kLatent * e_);
    for (const Layer& l : g_) {
      const bool norm = keep == Keep::norms && l.kind != Kind::dense && l.kind != Kind::to_rgb;
      add(n_ * l.flops(),
          (n_ * (l.x() + l.y()) + l.filter()) * e_ + (norm ? n_ * l.y() / l.k * 4 : 0));
    }
  }

  void generator_backward() {
    for (auto l = g_.rbegin(); l != g_.rend(); ++l) {
      const double x = n_ * l->x(), y = n_ * l->y(), flops = n_ * l->flops();
      const double norms = x / l->c * 4;
      if (l->kind == Kind::to_rgb) {  // all three gradients in one launch
        add(2 * flops, (y + 2 * x) * e_ + norms);
        continue;
      }
      add(flops, (x + y) * e_ + l->filter() * 4);
      if (l->kind != Kind::dense) add(flops, (2 * x + y + l->filter()) * e_ + norms);
    }
  }

  static bool head(const Layer& l) { return l.kind == Kind::conv && l.in == 4; }

  void discriminator_forward(double m) {
    for (const Layer& l : d_) {
      if (head(l)) add(0, m * kStddevInput * e_);
      add(m * l.flops(), (m * (l.x() + l.y()) + l.filter()) * e_);
    }
  }

  void discriminator_input_grad(double m, Down down) {
    for (auto l = d_.rbegin(); l != d_.rend(); ++l) {
      if (l->kind == Kind::from_rgb && down == Down::to_features) continue;
      const double gate = l->kind == Kind::from_rgb ? 0 : m * l->x();
      add(m * l->flops(), (m * (l->x() + l->y()) + gate + l->filter()) * e_);
      if (head(*l)) add(0, 3 * m * kStddevInput * e_);
    }
  }

  void discriminator_tangent() {
    add(0, n_ * image_ * e_);
    for (const Layer& l : d_) {
      if (head(l)) add(0, 4 * n_ * kStddevInput * e_);
      add(n_ * l.flops(), (n_ * (l.x() + 2 * l.y()) + l.filter()) * e_);
    }
  }

  void discriminator_weight_grad(double m) {
    for (const Layer& l : d_) add(m * l.flops(), m * (l.x() + l.y()) * e_ + l.filter() * 4);
  }

  void optimizer(const std::vector<Layer>& layers, double bytes_each) {
    double count = 0;
    for (const Layer& l : layers) count += l.parameters();
    const double rounded = e_ < 4 ? e_ : 0, folded = e_ / 2;  // packed copies of the filters
    add(0, count * (bytes_each + rounded + folded));
  }

  std::vector<Layer> g_, d_;
  double n_, e_, image_;
  std::vector<Work> work_;
};

}  // namespace

std::vector<Work> iteration_work(int64_t resolution, int64_t n, int64_t activation_bytes) {
  return Iteration(resolution, n, activation_bytes).run();
}

double floor_seconds(const std::vector<Work>& work, const Peaks& peaks) {
  double seconds = 0;
  for (const Work& w : work) {
    seconds += std::max({w.flops / peaks.flops, w.bytes / peaks.bytes_per_second, kShortestLaunch});
  }
  return seconds;
}

}  // namespace pg::bench
