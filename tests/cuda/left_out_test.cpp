// left_out_test.cpp: families of tensor-core kernels that are skipped, and the exact kernels that
// take their place.

#include "tests/cuda/environment.h"
#include "tests/kernels/conv_reference.h"

namespace pg::test {
namespace {

const ConvCase kCases[] = {
    {"same", {2, 5, 7, 16}, {24, 3, 3, 16}, {.scale = 0.7}},
    {"strip", {1, 20, 9, 16}, {16, 3, 3, 16}, {}},
    {"up", {1, 3, 5, 8}, {16, 3, 3, 8}, {.mode = ConvMode::up}},
    {"down", {1, 6, 4, 8}, {16, 3, 3, 8}, {.mode = ConvMode::down}},
};

std::unique_ptr<Backend> open(MatrixMath math, TensorKernels left_out,
                              CudaKernels kernels = CudaKernels::own) {
  return make_cuda_backend(0, math, kernels, {.left_out = left_out});
}

// Values whose rounding to tf32 shows.
Host fine(const Shape& shape, uint64_t seed) {
  Host host = random_host(shape, seed);
  for (double& v : host.data) v = static_cast<double>(static_cast<float>(v * 1.0001));
  return host;
}

// Results of every call that has tensor-core kernels, in one vector.
std::vector<double> results(Backend& backend, DType dtype) {
  std::vector<double> all;
  const auto finish = [&](Bench& b) {
    for (const Host& h : b.finish()) all.insert(all.end(), h.data.begin(), h.data.end());
  };
  for (const ConvCase& t : kCases) {
    const Shape y = result_shape(t);
    Bench f(backend, dtype), g(backend, dtype), w(backend, dtype);
    backend.conv2d({.x = f.in(fine(t.x, 1)),
                    .w = f.in(fine(t.w, 2), f.acc()),
                    .y = f.out(y),
                    .geometry = t.geometry,
                    .r = f.out({y.n, y.h, y.w, 1}, f.acc())});
    backend.conv2d_input_grad({.dy = g.in(fine(y, 3)),
                               .w = g.in(fine(t.w, 2), g.acc()),
                               .dx = g.out(t.x),
                               .geometry = t.geometry,
                               .gate = g.in(fine(t.x, 4))});
    backend.conv2d_weight_grad({.dy = w.in(fine(y, 3)),
                                .x = w.in(fine(t.x, 1)),
                                .dw = w.out(t.w, w.acc()),
                                .geometry = t.geometry,
                                .db = w.out({1, 1, 1, t.w.n}, w.acc())});
    for (Bench* b : {&f, &g, &w}) finish(*b);
  }
  for (const Transpose ta : {Transpose::no, Transpose::yes}) {
    for (const Transpose tb : {Transpose::no, Transpose::yes}) {
      Bench b(backend, dtype);
      const Shape a = ta == Transpose::no ? Shape{9, 1, 1, 70} : Shape{70, 1, 1, 9};
      const Shape c = tb == Transpose::no ? Shape{70, 1, 1, 13} : Shape{13, 1, 1, 70};
      backend.matmul({.a = b.in(fine(a, 5)),
                      .b = b.in(fine(c, 6), b.acc()),
                      .y = b.out({9, 1, 1, 13}),
                      .trans_a = ta,
                      .trans_b = tb});
      finish(b);
    }
  }
  return all;
}

TEST(LeftOut, NothingIsTheDefault) {
  const auto usual = make_cuda_backend(0, MatrixMath::tf32);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    EXPECT_EQ(results(*open(MatrixMath::tf32, {}), dtype), results(*usual, dtype));
  }
}

TEST(LeftOut, WithoutTf32ProductsOfF32AreExact) {
  const auto without = open(MatrixMath::tf32, TensorKernels::of(TensorType::tf32));
  const auto exact = make_cuda_backend(0, MatrixMath::exact), tf32 = open(MatrixMath::tf32, {});
  const std::vector<double> got = results(*without, DType::f32);
  EXPECT_EQ(got, results(*exact, DType::f32));
  EXPECT_NE(got, results(*tf32, DType::f32));
}

// Filters are not rounded to bf16 any more, but products and sums are the same kind.
TEST(LeftOut, WithoutBf16ProductsOfBf16AreComputedInF32) {
  const auto without = open(MatrixMath::tf32, TensorKernels::of(TensorType::bf16));
  const auto usual = open(MatrixMath::tf32, {});
  const std::vector<double> got = results(*without, DType::bf16);
  const std::vector<double> want = results(*usual, DType::bf16);
  ASSERT_EQ(got.size(), want.size());
  double square = 0, difference = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    square += want[i] * want[i];
    difference += (got[i] - want[i]) * (got[i] - want[i]);
  }
  EXPECT_LT(difference, square * 0x1.0p-14);
  EXPECT_GT(difference, 0.0);
}

// The candidates of all families for one shape that each of them supports.
std::string families(Backend& backend, DType dtype) {
  const ConvCase t = kCases[1];
  const auto view = [](const Shape& s, DType d) { return TensorView{nullptr, d, s}; };
  TensorKernels found;
  const auto add = [&](const std::vector<Candidate>& list) {
    for (const Candidate& c : list) found = found | c.family;
  };
  const TensorView y = view(result_shape(t), dtype), x = view(t.x, dtype);
  const TensorView w = view(t.w, acc_of(dtype));
  add(backend.candidates(Conv2dArgs{.x = x, .w = w, .y = y}));
  add(backend.candidates(Conv2dInputGradArgs{.dy = y, .w = w, .dx = x}));
  add(backend.candidates(Conv2dWeightGradArgs{.dy = y, .x = x, .dw = w}));
  add(backend.candidates(MatmulArgs{.a = view({4, 1, 1, 8}, dtype),
                                    .b = view({8, 1, 1, 5}, acc_of(dtype)),
                                    .y = view({4, 1, 1, 5}, dtype)}));
  return found.text();
}

TEST(LeftOut, EachFamilyVanishesFromTheCandidates) {
  const auto usual = open(MatrixMath::tf32, {});
  EXPECT_EQ(families(*usual, DType::bf16), "fprop bf16, strips bf16, wgrad bf16, matmul bf16");
  EXPECT_EQ(families(*usual, DType::f32), "fprop tf32, strips tf32, wgrad tf32, matmul tf32");
  const auto bf16 = [](TensorFamily f) { return open(MatrixMath::tf32, {f, TensorType::bf16}); };
  EXPECT_EQ(families(*bf16(TensorFamily::fprop), DType::bf16),
            "strips bf16, wgrad bf16, matmul bf16");
  EXPECT_EQ(families(*bf16(TensorFamily::strips), DType::bf16),
            "fprop bf16, wgrad bf16, matmul bf16");
  EXPECT_EQ(families(*bf16(TensorFamily::wgrad), DType::bf16),
            "fprop bf16, strips bf16, matmul bf16");
  EXPECT_EQ(families(*bf16(TensorFamily::matmul), DType::bf16),
            "fprop bf16, strips bf16, wgrad bf16");
  EXPECT_EQ(families(*bf16(TensorFamily::fprop), DType::f32),
            "fprop tf32, strips tf32, wgrad tf32, matmul tf32");
  EXPECT_EQ(families(*make_cuda_backend(0, MatrixMath::exact), DType::f32), "");
}

// Neither choice brings a family back, and other choices have other keys in the file.
TEST(LeftOut, FamiliesAreNoCandidatesOfTheFastest) {
  const TestFolder folder;
  const Variable cache("XDG_CACHE_HOME", folder.path().string());
  const auto exact = make_cuda_backend(0, MatrixMath::exact);
  for (const CudaKernels kernels : {CudaKernels::vendor, CudaKernels::fastest}) {
    const auto without = open(MatrixMath::tf32, TensorKernels::of(TensorType::tf32), kernels);
    EXPECT_EQ(results(*without, DType::f32), results(*exact, DType::f32));
  }
}

TEST(TensorKernels, TextsAreParsed) {
  for (const TensorFamily f : {TensorFamily::fprop, TensorFamily::matmul}) {
    const TensorKernels one(f, TensorType::tf32), two = one | TensorKernels::of(TensorType::bf16);
    EXPECT_EQ(TensorKernels::parse(one.text()), one);
    EXPECT_EQ(TensorKernels::parse(two.text()), two);
    EXPECT_TRUE(two.contains(one));
    EXPECT_FALSE(one.contains(two));
  }
  EXPECT_EQ(TensorKernels::parse(""), TensorKernels());
  EXPECT_EQ(
      TensorKernels::all().text(),
      "fprop bf16, fprop tf32, strips bf16, strips tf32, wgrad bf16, wgrad tf32, matmul bf16, "
      "matmul tf32");
  for (const char* wrong : {"fprop", "fprop bf16,strips bf16", "strips bf16, fprop bf16", "x"}) {
    EXPECT_EQ(TensorKernels::parse(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace pg::test
