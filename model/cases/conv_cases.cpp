// conv_cases.cpp: the convolutions of both networks with their epilogues.
//
// FLOPs count the folded forms of up and down, 4 taps per pixel of the larger image. An algorithm
// with fewer multiplications (Winograd) can therefore exceed the peak of the multipliers.
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "kernels/pixel_norm.h"
#include "model/cases/case.h"
#include "model/cases/reference.h"

namespace pg::cases {
namespace {

constexpr double kSlope = 0.2, kNormEps = 1e-8;
constexpr int64_t kColours = 3;

// Filters never change here; they have a version, as within an iteration.
uint64_t filter_version(const Case& c) { return std::hash<std::string>{}(c.name) | 1u; }

struct Shapes {
  Shape x, w, y;
};

using Reference = ConvReference<Values>;

Shapes shapes_of(const ConvLayer& l, const Selection& s) {
  const int64_t in = l.mode == ConvMode::up ? s.resolution / 2 : s.resolution;
  const int64_t out = l.mode == ConvMode::down ? s.resolution / 2 : s.resolution;
  return {{s.n, in, in, l.c}, {l.k, l.taps, l.taps, l.c}, {s.n, out, out, l.k}};
}

ConvGeometry geometry_of(const ConvLayer& l) {
  return {.mode = l.mode,
          .pad = l.taps / 2,
          .scale = 1 / std::sqrt(static_cast<double>(l.taps * l.taps * l.c))};
}

double flops_of(const ConvLayer& l, const Selection& s) {
  const int64_t taps = l.mode == ConvMode::same ? l.taps * l.taps : 4;
  return 2.0 * static_cast<double>(s.n * s.resolution * s.resolution * l.c * l.k * taps);
}

Case base_case(const ConvLayer& l, const Selection& s, const char* pass) {
  return {.name = message(s.resolution, "x", s.resolution, "/", l.name, "/", pass),
          .shape = message("N", s.n, " ", l.c, ">", l.k),
          .resolution = s.resolution,
          .flops = flops_of(l, s)};
}

Operand filter(const Shapes& s, DType dtype) {
  return {.shape = s.w, .dtype = acc_of(dtype), .place = Place::stays};
}

Operand vector_of(int64_t channels, DType dtype, Role role) {
  return {.shape = {1, 1, 1, channels},
          .dtype = acc_of(dtype),
          .role = role,
          .place = role == Role::in ? Place::stays : Place::moves};
}

// The channels of one output pixel after bias, leaky ReLU and norm, and the factor of the norm.
struct Pixel {
  std::vector<double> y;
  double r = 1;
};
Pixel pixel(const Reference& f, const Values& b, Then then, const Shape& at) {
  Pixel result{.y = std::vector<double>(static_cast<size_t>(f.ys.c))};
  double square = 0;
  for (int64_t k = 0; k < f.ys.c; ++k) {
    double v = f.y(at.n, at.h, at.w, k) + b[k];
    if (then != Then::bias && v < 0) v *= kSlope;
    result.y[static_cast<size_t>(k)] = v;
    square += v * v;
  }
  if (then == Then::norm) {
    result.r = 1 / std::sqrt(square / static_cast<double>(f.ys.c) + kNormEps);
    for (double& v : result.y) v *= result.r;
  }
  return result;
}

// Two corners, which see the padding, and some pixels in between.
std::vector<Shape> sampled_pixels(const Shape& s) {
  std::mt19937_64 engine(11);
  const auto below = [&](int64_t extent) {
    return static_cast<int64_t>(engine() % static_cast<uint64_t>(extent));
  };
  std::vector<Shape> pixels = {{0, 0, 0, 0}, {s.n - 1, s.h - 1, s.w - 1, 0}};
  for (int i = 0; i < 4; ++i) pixels.push_back({below(s.n), below(s.h), below(s.w), 0});
  return pixels;
}

std::vector<Sampled> forward_samples(const Reference& f, const Values& b, Then then) {
  Sampled y{.operand = 3, .index = {}, .want = {}}, r{.operand = 4, .index = {}, .want = {}};
  for (const Shape& at : sampled_pixels(f.ys)) {
    const Pixel want = pixel(f, b, then, at);
    const int64_t position = (at.n * f.ys.h + at.h) * f.ys.w + at.w;
    for (int64_t k = 0; k < f.ys.c; ++k) y.index.push_back(position * f.ys.c + k);
    y.want.insert(y.want.end(), want.y.begin(), want.y.end());
    r.index.push_back(position);
    r.want.push_back(want.r);
  }
  if (then == Then::norm) return {y, r};
  return {y};
}

// The epilogue of an input gradient: none, the gate of the layer below, or its norm and gate.
struct Below {
  const Values *gate = nullptr, *r = nullptr;
};

std::vector<Sampled> input_grad_samples(const Reference& f, const Below& below) {
  constexpr int64_t kChannels = 16;
  Sampled dx{.operand = 2, .index = {}, .want = {}};
  const int64_t step = below.r != nullptr ? 1 : std::max<int64_t>(1, f.xs.c / kChannels);
  for (const Shape& at : sampled_pixels(f.xs)) {
    const int64_t pixel = (at.n * f.xs.h + at.h) * f.xs.w + at.w, first = pixel * f.xs.c;
    const auto y = [&](int64_t c) { return below.gate != nullptr ? (*below.gate)[first + c] : 1; };
    std::vector<double> sums;
    double mean = 0;
    for (int64_t c = 0; c < f.xs.c; c += step) {
      sums.push_back(f.dx(at.n, at.h, at.w, c));
      mean += sums.back() * y(c) / static_cast<double>(f.xs.c);
    }
    for (int64_t c = 0; c < f.xs.c; c += step) {
      double v = sums[static_cast<size_t>(c / step)];
      if (below.r != nullptr) v = (*below.r)[pixel] * (v - y(c) * mean);
      dx.index.push_back(first + c);
      dx.want.push_back(y(c) <= 0 ? kSlope * v : v);
    }
  }
  return {dx};
}

std::vector<Sampled> weight_grad_samples(const Reference& f, int64_t products) {
  const int64_t each = f.ys.pixels() * f.down() * f.down();
  const int64_t count = std::clamp<int64_t>(products / each, 4, 60);
  Sampled dw{.operand = 2, .index = {}, .want = {}}, db{.operand = 3, .index = {}, .want = {}};
  std::mt19937_64 engine(13);
  for (int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<int64_t>(engine() % static_cast<uint64_t>(f.ws.numel()));
    const int64_t tap = at / f.ws.c;
    dw.index.push_back(at);
    dw.want.push_back(
        f.dw(tap / f.ws.w / f.ws.h, tap / f.ws.w % f.ws.h, tap % f.ws.w, at % f.ws.c));
  }
  for (const int64_t k : {int64_t{0}, f.ys.c / 2, f.ys.c - 1}) {
    db.index.push_back(k);
    db.want.push_back(f.db(k));
  }
  return {dw, db};
}

Case forward_case(const ConvLayer& l, const Selection& sel) {
  const Shapes s = shapes_of(l, sel);
  const ConvGeometry g = geometry_of(l);
  Case c = base_case(l, sel, "forward");
  const DType t = sel.activations;
  c.operands = {{.shape = s.x, .dtype = t},
                filter(s, t),
                vector_of(l.k, t, Role::in),
                {.shape = s.y, .dtype = t, .role = Role::out}};
  if (l.then == Then::norm) {
    c.operands.push_back(
        {.shape = {s.y.n, s.y.h, s.y.w, 1}, .dtype = acc_of(t), .role = Role::out});
  }
  c.run = [g, then = l.then, version = filter_version(c)](Backend& backend, Views v) {
    backend.conv2d({.x = v[0],
                    .w = at_version(v[1], version),
                    .b = v[2],
                    .y = v[3],
                    .geometry = g,
                    .slope = then == Then::bias ? 1.0 : kSlope,
                    .r = then == Then::norm ? v[4] : TensorView{},
                    .norm_eps = kNormEps});
  };
  c.samples = [s, g, then = l.then](const std::vector<Values>& v) {
    return forward_samples({s.x, s.w, s.y, g, v[0], v[1], v[0]}, v[2], then);
  };
  return c;
}

// The gradient is multiplied by the gate of the layer below and, in G, passes its norm.
Case input_grad_case(const ConvLayer& l, const Selection& sel) {
  const Shapes s = shapes_of(l, sel);
  const ConvGeometry g = geometry_of(l);
  const bool gated = l.c > kColours, normed = gated && l.then != Then::lrelu;
  Case c = base_case(l, sel, "input_grad");
  const DType t = sel.activations;
  c.operands = {
      {.shape = s.y, .dtype = t}, filter(s, t), {.shape = s.x, .dtype = t, .role = Role::out}};
  if (gated) c.operands.push_back({.shape = s.x, .dtype = t});
  if (normed) {
    c.operands.push_back(
        {.shape = {s.x.n, s.x.h, s.x.w, 1}, .dtype = acc_of(t), .fill = Fill::positive});
  }
  c.run = [g, gated, normed, version = filter_version(c)](Backend& backend, Views v) {
    backend.conv2d_input_grad({.dy = v[0],
                               .w = at_version(v[1], version),
                               .dx = v[2],
                               .geometry = g,
                               .gate = gated ? v[3] : TensorView{},
                               .gate_slope = kSlope,
                               .r = normed ? v[4] : TensorView{}});
  };
  c.samples = [s, g, gated, normed](const std::vector<Values>& v) {
    const Below below{gated ? &v[3] : nullptr, normed ? &v[4] : nullptr};
    return input_grad_samples({s.x, s.w, s.y, g, v[0], v[1], v[0]}, below);
  };
  return c;
}

Case weight_grad_case(const ConvLayer& l, const Selection& sel) {
  const Shapes s = shapes_of(l, sel);
  const ConvGeometry g = geometry_of(l);
  Case c = base_case(l, sel, "weight_grad");
  const DType t = sel.activations;
  c.operands = {{.shape = s.y, .dtype = t},
                {.shape = s.x, .dtype = t},
                {.shape = s.w, .dtype = acc_of(t), .role = Role::out},
                vector_of(l.k, t, Role::out)};
  c.run = [g](Backend& backend, Views v) {
    backend.conv2d_weight_grad({.dy = v[0], .x = v[1], .dw = v[2], .geometry = g, .db = v[3]});
  };
  c.samples = [s, g, products = 7 * sel.checked](const std::vector<Values>& v) {
    return weight_grad_samples({s.x, s.w, s.y, g, v[1], v[1], v[0]}, products);
  };
  return c;
}

std::vector<ConvLayer> layers_at(int64_t r) {
  const int64_t wide = official_fmaps(r);
  if (r == 4) {
    return {{"G/Conv", wide, wide, 3, ConvMode::same, Then::norm},
            {"G/ToRGB", wide, 3, 1, ConvMode::same, Then::bias},
            {"D/FromRGB", 3, wide, 1},
            {"D/Conv", wide + 1, wide, 3}};
  }
  const int64_t deep = official_fmaps(r / 2);
  return {{"G/Conv0_up", deep, wide, 3, ConvMode::up, Then::norm},
          {"G/Conv1", wide, wide, 3, ConvMode::same, Then::norm},
          {"G/ToRGB", wide, 3, 1, ConvMode::same, Then::bias},
          {"D/FromRGB", 3, wide, 1},
          {"D/Conv0", wide, wide, 3},
          {"D/Conv1_down", wide, deep, 3, ConvMode::down}};
}

}  // namespace

std::vector<Case> layer_cases(const ConvLayer& layer, const Selection& s) {
  return {forward_case(layer, s), input_grad_case(layer, s), weight_grad_case(layer, s)};
}

std::vector<Case> conv_cases(const Selection& s) {
  std::vector<Case> cases;
  for (const ConvLayer& layer : layers_at(s.resolution)) {
    for (Case& c : layer_cases(layer, s)) cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace pg::cases
