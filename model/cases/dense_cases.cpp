// dense_cases.cpp: fully connected layers, as matrix products (kernels/matmul.h).
#include <cmath>
#include <random>

#include "model/cases/case.h"

namespace pg::cases {
namespace {

struct Dense {
  const char* name;
  int64_t c, k;  // inputs, outputs
};

// One product y [rows, columns]; `inner` is the common extent of the factors.
struct Product {
  Shape a, b, y;
  Transpose trans_a, trans_b;
  double scale;
  int64_t inner;
};

double element(const Product& p, const std::vector<Values>& v, int64_t at) {
  const int64_t row = at / p.y.c, column = at % p.y.c;
  double sum = 0;
  for (int64_t i = 0; i < p.inner; ++i) {
    const int64_t in_a = p.trans_a == Transpose::no ? row * p.a.c + i : i * p.a.c + row;
    const int64_t in_b = p.trans_b == Transpose::no ? i * p.b.c + column : column * p.b.c + i;
    sum += v[0][in_a] * v[1][in_b];
  }
  return p.scale * sum;
}

std::vector<Sampled> samples(const Product& p, const std::vector<Values>& v) {
  constexpr int kCount = 200;
  Sampled y{.operand = 2, .index = {0, p.y.numel() - 1}, .want = {}};
  std::mt19937_64 engine(17);
  for (int i = 0; i < kCount; ++i) {
    y.index.push_back(static_cast<int64_t>(engine() % static_cast<uint64_t>(p.y.numel())));
  }
  for (const int64_t at : y.index) y.want.push_back(element(p, v, at));
  return {y};
}

Case product_case(const Dense& d, const Selection& s, const char* pass, const Product& p) {
  Case c{.name = message("4x4/", d.name, "/", pass),
         .shape = message("N", s.n, " ", d.c, ">", d.k),
         .resolution = 4,
         .flops = 2.0 * static_cast<double>(s.n * d.c * d.k)};
  c.run = [p](Backend& backend, Views v) {
    backend.matmul({.a = v[0],
                    .b = v[1],
                    .y = v[2],
                    .trans_a = p.trans_a,
                    .trans_b = p.trans_b,
                    .scale = p.scale});
  };
  c.samples = [p](const std::vector<Values>& v) { return samples(p, v); };
  return c;
}

}  // namespace

std::vector<Case> dense_cases(const Selection& s) {
  constexpr Dense kLayers[] = {
      {"G/Dense", 512, 8192}, {"D/Dense0", 8192, 512}, {"D/Dense1", 512, 1}};
  const DType t = s.activations;
  std::vector<Case> cases;
  for (const Dense& d : kLayers) {
    const Shape x{s.n, 1, 1, d.c}, w{d.k, 1, 1, d.c}, y{s.n, 1, 1, d.k};
    const double scale = 1 / std::sqrt(static_cast<double>(d.c));
    const Operand filter{.shape = w, .dtype = acc_of(t), .place = Place::stays};
    Case forward =
        product_case(d, s, "forward", {x, w, y, Transpose::no, Transpose::yes, scale, d.c});
    forward.operands = {
        {.shape = x, .dtype = t}, filter, {.shape = y, .dtype = t, .role = Role::out}};
    Case input =
        product_case(d, s, "input_grad", {y, w, x, Transpose::no, Transpose::no, scale, d.k});
    input.operands = {
        {.shape = y, .dtype = t}, filter, {.shape = x, .dtype = t, .role = Role::out}};
    Case weight =
        product_case(d, s, "weight_grad", {y, x, w, Transpose::yes, Transpose::no, scale, s.n});
    weight.operands = {{.shape = y, .dtype = t},
                       {.shape = x, .dtype = t},
                       {.shape = w, .dtype = acc_of(t), .role = Role::out}};
    cases.insert(cases.end(), {forward, input, weight});
  }
  return cases;
}

std::vector<Case> product_cases(const Selection& s) {
  // Tails of tiles, whole packs and not, and sums that are split into chunks.
  struct Extents {
    int64_t rows, depth, columns;
  };
  const DType t = s.activations;
  std::vector<std::pair<DType, DType>> types = {{t, t}};
  if (t == DType::bf16) types = {{t, t}, {t, DType::f32}, {DType::f32, t}};
  std::vector<Case> cases;
  for (const Extents& e : {Extents{9, 70, 13}, Extents{16, 640, 72}}) {
    for (const auto& [ta, tb] : {std::pair{Transpose::no, Transpose::no},
                                 {Transpose::no, Transpose::yes},
                                 {Transpose::yes, Transpose::no},
                                 {Transpose::yes, Transpose::yes}}) {
      for (const auto& [type_a, type_b] : types) {
        const bool a = ta == Transpose::no, b = tb == Transpose::no;
        const Product p{.a = {a ? e.rows : e.depth, 1, 1, a ? e.depth : e.rows},
                        .b = {b ? e.depth : e.columns, 1, 1, b ? e.columns : e.depth},
                        .y = {e.rows, 1, 1, e.columns},
                        .trans_a = ta,
                        .trans_b = tb,
                        .scale = 0.125,
                        .inner = e.depth};
        const Dense named{.name = "product", .c = e.depth, .k = e.columns};
        Case c =
            product_case(named, {.resolution = 4, .n = e.rows, .activations = t}, "forward", p);
        c.name = message("product, a", a ? "" : "^T", " ", name_of(type_a), ", b", b ? "" : "^T",
                         " ", name_of(type_b));
        c.operands = {{.shape = p.a, .dtype = type_a},
                      {.shape = p.b, .dtype = type_b},
                      {.shape = p.y, .dtype = t, .role = Role::out}};
        cases.push_back(std::move(c));
      }
    }
  }
  return cases;
}

}  // namespace pg::cases
