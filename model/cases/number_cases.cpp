// number_cases.cpp: elementwise maps, sums of scalars, and random numbers.
#include "model/cases/case.h"

namespace pg::cases {
namespace {

using Build = std::function<Case(DType t)>;

// Small enough for the CPU's direct loops to compute all of it.
Case whole(const Build& build, const Selection& s, DType activations) {
  Case c = build(activations);
  c.make = [build](int64_t, DType t) { return build(t); };
  c.n = c.slice = s.n;
  for (Operand& o : c.operands) o.extent = Extent::shared;
  return c;
}

Case named(const std::string& kernel, const Shape& shape) {
  return {.name = kernel, .shape = message(shape)};
}

Operand in(const Shape& s, DType t, Fill fill = Fill::symmetric) {
  return {.shape = s, .dtype = t, .fill = fill};
}
Operand out(const Shape& s, DType t) { return {.shape = s, .dtype = t, .role = Role::out}; }

void add_unary(std::vector<Case>& cases, const Selection& s, const Shape& shape) {
  const char* const names[] = {"square", "sqrt", "reciprocal", "exp",
                               "log",    "tanh", "sigmoid",    "softplus"};
  for (int op = 0; op < 8; ++op) {
    cases.push_back(whole(
        [=](DType t) {
          Case c = named(names[op], shape);
          c.operands = {in(shape, t, Fill::positive), out(shape, t)};
          c.run = [op](Backend& b, Views v) {
            b.unary({.x = v[0], .y = v[1], .op = static_cast<UnaryOp>(op)});
          };
          return c;
        },
        s, s.activations));
  }
}

void add_binary(std::vector<Case>& cases, const Selection& s, const Shape& shape) {
  const char* const names[] = {"add", "sub", "mul", "div"};
  for (int op = 0; op < 4; ++op) {
    for (const Shape& other : {shape, Shape{1, 1, 1, shape.c}, Shape{shape.n, 1, 1, 1}}) {
      cases.push_back(whole(
          [=](DType t) {
            Case c = named(names[op], shape);
            c.operands = {in(shape, t), in(other, t, Fill::positive), out(shape, t)};
            c.run = [op](Backend& b, Views v) {
              b.binary({.a = v[0], .b = v[1], .y = v[2], .op = static_cast<BinaryOp>(op)});
            };
            return c;
          },
          s, s.activations));
    }
  }
}

void add_maps(std::vector<Case>& cases, const Selection& s, const Shape& shape) {
  cases.push_back(whole(
      [=](DType t) {
        Case c = named("affine", shape);
        c.operands = {in(shape, t), out(shape, t)};
        c.run = [](Backend& b, Views v) {
          b.affine({.x = v[0], .y = v[1], .scale = 0.75, .shift = -0.5});
        };
        return c;
      },
      s, s.activations));
  cases.push_back(whole(
      [=](DType t) {
        Case c = named("fill", shape);
        c.operands = {out(shape, t)};
        c.run = [](Backend& b, Views v) { b.fill({.y = v[0], .value = -1.25}); };
        return c;
      },
      s, s.activations));
  cases.push_back(whole(
      [=](DType t) {
        Case c = named("add_scalars", {1, 1, 1, 2});
        Operand sums = in({1, 1, 1, 2}, DType::f64);
        sums.role = Role::inout;
        c.operands = {in({}, acc_of(t)), in({}, DType::f64), sums};
        c.run = [](Backend& b, Views v) {
          AddScalarsArgs args{.count = 2, .sums = v[2]};
          args.x[0] = v[0];
          args.x[1] = v[1];
          b.add_scalars(args);
        };
        return c;
      },
      s, s.activations));
}

// Sums over whole samples: rows longer than a block takes at once, and short ones.
void add_sums(std::vector<Case>& cases, const Selection& s) {
  for (const Shape& x : {Shape{3, 32, 32, 8}, Shape{64, 1, 1, 20}}) {
    cases.push_back(whole(
        [=](DType t) {
          Case c = named("reduce_sum of samples", x);
          c.operands = {in(x, t, Fill::positive), out({x.n, 1, 1, 1}, acc_of(t))};
          c.run = [](Backend& b, Views v) { b.reduce_sum({.x = v[0], .y = v[1]}); };
          return c;
        },
        s, s.activations));
  }
}

// Means of a few numbers, f32 whatever the type of activations, and sums of squares.
void add_losses(std::vector<Case>& cases, const Selection& s) {
  constexpr int64_t kScores = 70;
  constexpr Shape kAll{kScores, 1, 1, 1};
  const MeanTerms terms{
      .term = {{{.first = 0, .count = 35, .f = MeanOf::softplus, .sign = -1.0},
                {.first = 35, .count = 35, .f = MeanOf::square, .root = true, .shift = -1.0}}},
      .count = 2};
  cases.push_back(whole(
      [=](DType t) {
        Case c = named("mean_loss", kAll);
        c.operands = {in(kAll, acc_of(t), Fill::positive), out({}, acc_of(t)),
                      out({1, 1, 1, 2}, acc_of(t))};
        c.run = [terms](Backend& b, Views v) {
          b.mean_loss({.x = v[0], .loss = v[1], .means = v[2], .terms = terms});
        };
        return c;
      },
      s, s.activations));
  cases.push_back(whole(
      [=](DType t) {
        Case c = named("mean_loss_vjp", kAll);
        c.operands = {in(kAll, acc_of(t), Fill::positive), in({}, acc_of(t)), out(kAll, acc_of(t))};
        c.run = [terms](Backend& b, Views v) {
          b.mean_loss_vjp({.x = v[0], .dy = v[1], .dx = v[2], .terms = terms});
        };
        return c;
      },
      s, s.activations));
  for (const Shape& x : {Shape{3, 32, 32, 8}, Shape{64, 1, 1, 20}}) {
    cases.push_back(whole(
        [=](DType t) {
          Case c = named("sum_squares", x);
          c.operands = {in(x, t), out({x.n, 1, 1, 1}, acc_of(t))};
          c.run = [](Backend& b, Views v) { b.sum_squares({.x = v[0], .y = v[1]}); };
          return c;
        },
        s, s.activations));
  }
}

// Numbers are f32 whatever the type of activations.
void add_random(std::vector<Case>& cases, const Selection& s, const Shape& shape) {
  for (const bool normal : {true, false}) {
    cases.push_back(whole(
        [=](DType t) {
          Case c = named(normal ? "philox_normal" : "philox_uniform", shape);
          c.operands = {in({}, DType::u64, Fill::bytes), out(shape, t)};
          c.run = [normal](Backend& b, Views v) {
            const PhiloxArgs args{.y = v[1], .counter = v[0], .seed = 5, .stream = 7, .offset = 3};
            normal ? b.philox_normal(args) : b.philox_uniform(args);
          };
          return c;
        },
        s, DType::f32));
  }
}

}  // namespace

std::vector<Case> number_cases(const Selection& s) {
  const int64_t channels = s.channels > 0 ? s.channels : official_fmaps(s.resolution);
  const Shape shape{s.n, s.resolution, s.resolution, channels};
  std::vector<Case> cases;
  add_unary(cases, s, shape);
  add_binary(cases, s, shape);
  add_maps(cases, s, shape);
  add_sums(cases, s);
  add_losses(cases, s);
  if (s.activations == DType::f32) add_random(cases, s, shape);
  return cases;
}

}  // namespace pg::cases
