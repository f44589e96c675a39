// memory_cases.cpp: kernels bound by memory: norms, activations, resampling, sums, Adam.
#include <algorithm>

#include "model/cases/case.h"

namespace pg::cases {
namespace {

// Builds the case for n samples and a type of activations.
using Build = std::function<Case(int64_t n, DType t)>;

// few: a few samples are checked in place of all; whole: results depend on every sample.
enum class Slice : uint8_t { few, whole };

Case checked(const Build& build, const Selection& s, Slice slice = Slice::few) {
  Case c = build(s.n, s.activations);
  int64_t per_sample = 1;
  for (const Operand& o : c.operands) per_sample = std::max(per_sample, o.shape.numel() / s.n);
  c.make = build;
  c.n = s.n;
  c.slice = slice == Slice::whole ? s.n : std::clamp<int64_t>(s.checked / per_sample, 1, s.n);
  return c;
}

Case named(const char* kernel, int64_t resolution, const Shape& shape) {
  const std::string place =
      resolution > 0 ? message(resolution, "x", resolution) : std::string("network");
  return {.name = place + "/" + kernel,
          .shape = message("N", shape.n, " ", shape.h, "x", shape.w, "x", shape.c),
          .resolution = resolution};
}

Operand in(const Shape& s, DType t) { return {.shape = s, .dtype = t}; }
Operand out(const Shape& s, DType t) { return {.shape = s, .dtype = t, .role = Role::out}; }
Operand alpha(DType t) {
  return {.dtype = acc_of(t), .fill = Fill::unit, .place = Place::stays, .extent = Extent::shared};
}

struct Map {
  int64_t r, c;
  Shape of(int64_t n) const { return {n, r, r, c}; }
  Shape half(int64_t n) const { return {n, r / 2, r / 2, c}; }
};

void add_activations(std::vector<Case>& cases, const Selection& sel, const Map& m) {
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("bias_lrelu", m.r, m.of(n));
        Operand bias = in({1, 1, 1, m.c}, acc_of(t));
        bias.extent = Extent::shared;
        c.operands = {in(m.of(n), t), bias, out(m.of(n), t)};
        c.run = [](Backend& b, Views v) { b.bias_lrelu({.x = v[0], .b = v[1], .y = v[2]}); };
        return c;
      },
      sel));
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("leaky_gate", m.r, m.of(n));
        c.operands = {in(m.of(n), t), in(m.of(n), t), out(m.of(n), t)};
        c.run = [](Backend& b, Views v) { b.leaky_gate({.x = v[0], .ref = v[1], .y = v[2]}); };
        return c;
      },
      sel));
}

void add_pixel_norm(std::vector<Case>& cases, const Selection& sel, const Map& m) {
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("pixel_norm", m.r, m.of(n));
        c.operands = {in(m.of(n), t), out(m.of(n), t), out({n, m.r, m.r, 1}, acc_of(t))};
        c.run = [](Backend& b, Views v) { b.pixel_norm({.x = v[0], .y = v[1], .r = v[2]}); };
        return c;
      },
      sel));
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("pixel_norm_vjp", m.r, m.of(n));
        Operand r = in({n, m.r, m.r, 1}, acc_of(t));
        r.fill = Fill::positive;
        c.operands = {in(m.of(n), t), in(m.of(n), t), r, out(m.of(n), t)};
        c.run = [](Backend& b, Views v) {
          b.pixel_norm_vjp({.dy = v[0], .y = v[1], .r = v[2], .dx = v[3], .slope = 0.2});
        };
        return c;
      },
      sel));
}

void add_resampling(std::vector<Case>& cases, const Selection& sel, const Map& m) {
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("upsample", m.r, m.of(n));
        c.operands = {in(m.half(n), t), out(m.of(n), t)};
        c.run = [](Backend& b, Views v) { b.upsample({.x = v[0], .y = v[1]}); };
        return c;
      },
      sel));
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("avg_pool", m.r, m.of(n));
        c.operands = {in(m.of(n), t), out(m.half(n), t)};
        c.run = [](Backend& b, Views v) { b.avg_pool({.x = v[0], .y = v[1]}); };
        return c;
      },
      sel));
}

void add_fading(std::vector<Case>& cases, const Selection& sel, const Map& image) {
  cases.push_back(checked(
      [m = image](int64_t n, DType t) {
        Case c = named("fade_in", m.r, m.of(n));
        c.operands = {in(m.half(n), t), in(m.of(n), t), alpha(t), out(m.of(n), t)};
        c.run = [](Backend& b, Views v) {
          b.fade_in({.lo = v[0], .hi = v[1], .alpha = v[2], .y = v[3]});
        };
        return c;
      },
      sel));
  cases.push_back(checked(
      [m = image](int64_t n, DType t) {
        Case c = named("fade_in_vjp", m.r, m.of(n));
        c.operands = {in(m.of(n), t), alpha(t), out(m.half(n), t), out(m.of(n), t)};
        c.run = [](Backend& b, Views v) {
          b.fade_in_vjp({.dy = v[0], .alpha = v[1], .dlo = v[2], .dhi = v[3]});
        };
        return c;
      },
      sel));
}

void add_images(std::vector<Case>& cases, const Selection& sel, const Map& image) {
  cases.push_back(checked(
      [m = image](int64_t n, DType t) {
        Case c = named("lerp", m.r, m.of(n));
        Operand weight = in({n, 1, 1, 1}, acc_of(t));
        weight.fill = Fill::unit;
        c.operands = {in(m.of(n), t), in(m.of(n), t), weight, out(m.of(n), t)};
        c.run = [](Backend& b, Views v) { b.lerp({.a = v[0], .b = v[1], .t = v[2], .y = v[3]}); };
        return c;
      },
      sel));
  cases.push_back(checked(
      [m = image](int64_t n, DType t) {
        Case c = named("lerp of one", m.r, m.of(n));
        c.operands = {in(m.of(n), t), alpha(t), in(m.of(n), t), out(m.of(n), t)};
        c.run = [](Backend& b, Views v) {
          b.lerp({.a = v[0], .t = v[1], .y = v[3], .gate = v[2], .gate_slope = 0.2});
        };
        return c;
      },
      sel));
  cases.push_back(checked(
      [m = image](int64_t n, DType t) {
        Case c = named("images_to_float", m.r, m.of(n));
        Operand bytes = in(m.of(n), DType::u8), mirror = in({n, 1, 1, 1}, DType::u8);
        bytes.fill = Fill::bytes;
        mirror.fill = Fill::bits;
        c.operands = {bytes, mirror, alpha(t), out(m.of(n), t)};
        c.run = [](Backend& b, Views v) {
          b.images_to_float({.x = v[0], .mirror = v[1], .alpha = v[2], .y = v[3]});
        };
        return c;
      },
      sel));
}

void add_bias_gradient(std::vector<Case>& cases, const Selection& sel, const Map& m) {
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("reduce_sum", m.r, m.of(n));
        c.operands = {in(m.of(n), t), out({1, 1, 1, m.c}, acc_of(t))};
        c.operands[1].extent = Extent::shared;
        c.run = [](Backend& b, Views v) { b.reduce_sum({.x = v[0], .y = v[1]}); };
        return c;
      },
      sel, Slice::whole));
}

void add_stddev(std::vector<Case>& cases, const Selection& sel, const Map& m) {
  const auto geometry = [](int64_t n) {
    return MinibatchStddevGeometry{.group = std::min<int64_t>(4, n)};
  };
  cases.push_back(checked(
      [m, geometry](int64_t n, DType t) {
        Case c = named("minibatch_stddev", m.r, m.of(n));
        c.operands = {in(m.of(n), t), out({n, 1, 1, 1}, acc_of(t))};
        c.run = [g = geometry(n)](Backend& b, Views v) {
          b.minibatch_stddev({.x = v[0], .y = v[1], .geometry = g});
        };
        return c;
      },
      sel, Slice::whole));
  cases.push_back(checked(
      [m, geometry](int64_t n, DType t) {
        Case c = named("minibatch_stddev_vjp", m.r, m.of(n));
        c.operands = {in(m.of(n), t), in({n, 1, 1, 1}, acc_of(t)), out(m.of(n), t)};
        c.run = [g = geometry(n)](Backend& b, Views v) {
          b.minibatch_stddev_vjp({.x = v[0], .dy = v[1], .dx = v[2], .geometry = g});
        };
        return c;
      },
      sel, Slice::whole));
  cases.push_back(checked(
      [m, geometry](int64_t n, DType t) {
        Case c = named("minibatch_stddev_vjp2", m.r, m.of(n));
        c.operands = {in(m.of(n), t), in({n, 1, 1, 1}, acc_of(t)), in(m.of(n), t),
                      out({n, 1, 1, 1}, acc_of(t)), out(m.of(n), t)};
        c.run = [g = geometry(n)](Backend& b, Views v) {
          b.minibatch_stddev_vjp2(
              {.x = v[0], .dy = v[1], .u = v[2], .ddy = v[3], .dx = v[4], .geometry = g});
        };
        return c;
      },
      sel, Slice::whole));
}

void add_channels(std::vector<Case>& cases, const Selection& sel, const Map& m) {
  cases.push_back(checked(
      [m](int64_t n, DType t) {
        Case c = named("copy_channels", m.r, m.of(n));
        c.operands = {in(m.of(n), t), out({n, m.r, m.r, m.c + 1}, t)};
        c.run = [count = m.c](Backend& b, Views v) {
          b.copy_channels({.x = v[0], .y = v[1], .count = count});
        };
        return c;
      },
      sel));
}

// Conversions between f32 images and bf16 activations.
void add_conversion(std::vector<Case>& cases, const Selection& sel, const Map& image) {
  cases.push_back(checked(
      [m = image](int64_t n, DType t) {
        Case c = named("convert", m.r, m.of(n));
        c.operands = {in(m.of(n), acc_of(t)), out(m.of(n), t)};
        c.run = [](Backend& b, Views v) { b.convert({.x = v[0], .y = v[1]}); };
        return c;
      },
      sel));
}

// Here each element is a sample; the kernel expects flat buffers.
TensorView flat(const TensorView& v) { return {v.data, v.dtype, {1, 1, 1, v.shape.numel()}}; }

Case adam_case(int64_t n, DType t) {
  Case c = named("adam", 0, {1, 1, 1, n});
  const auto buffer = [n, t](Role role, Fill fill) {
    return Operand{.shape = {n, 1, 1, 1}, .dtype = t, .role = role, .fill = fill};
  };
  const Operand scalar{.shape = {},
                       .dtype = DType::f64,
                       .fill = Fill::one,
                       .place = Place::stays,
                       .extent = Extent::shared};
  Operand stats = scalar;
  stats.shape = {1, 1, 1, 2};
  c.operands = {buffer(Role::inout, Fill::symmetric),
                buffer(Role::inout, Fill::unit),
                buffer(Role::inout, Fill::symmetric),
                buffer(Role::in, Fill::symmetric),
                scalar,
                scalar,
                stats};
  c.run = [](Backend& b, Views v) {
    b.adam({.w = flat(v[0]),
            .v = flat(v[1]),
            .ema = flat(v[2]),
            .g = flat(v[3]),
            .lr = v[4],
            .t = v[5],
            .stats = v[6]});
  };
  return c;
}

Case grad_check_case(int64_t n, DType t) {
  Case c = named("grad_check", 0, {1, 1, 1, n});
  c.operands = {in({n, 1, 1, 1}, acc_of(t)), out({1, 1, 1, 2}, DType::f64)};
  c.operands[1].extent = Extent::shared;
  c.run = [](Backend& b, Views v) { b.grad_check({.g = flat(v[0]), .stats = v[1]}); };
  return c;
}

}  // namespace

std::vector<Case> memory_cases(const Selection& s) {
  const int64_t channels = s.channels > 0 ? s.channels : official_fmaps(s.resolution);
  const Map map{s.resolution, channels}, image{s.resolution, 3};
  std::vector<Case> cases;
  add_activations(cases, s, map);
  add_pixel_norm(cases, s, map);
  add_bias_gradient(cases, s, map);
  add_images(cases, s, image);
  if (s.activations == DType::bf16) add_conversion(cases, s, image);
  if (s.resolution == 4) {
    add_stddev(cases, s, map);
    add_channels(cases, s, map);
  } else {
    add_resampling(cases, s, map);
    add_fading(cases, s, image);
  }
  return cases;
}

std::vector<Case> optimizer_cases(int64_t parameters, int64_t checked_elements) {
  const Selection s{
      .resolution = 0, .n = parameters, .activations = DType::f32, .checked = checked_elements};
  return {checked(adam_case, s), checked(grad_check_case, s, Slice::whole)};
}

}  // namespace pg::cases
