// tape_test.cpp: the contract of the tape: what it records, returns, releases and rejects.
#include <gtest/gtest.h>

#include "engine/ops/ops.h"
#include "tests/kernels/counting_backend.h"

namespace pg::test {
namespace {

using Values = std::vector<double>;

class TapeTest : public testing::Test {
 protected:
  Tensor tensor(const Values& values, DType dtype = DType::f64) {
    Tensor x(context_, {1, 1, 1, static_cast<int64_t>(values.size())}, dtype);
    from_host(x, values);
    return x;
  }
  template <typename F>
  static std::string error_of(F&& f) {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  KernelCounts counts_;
  CountingBackend backend_{make_cpu_backend(1, CpuPath::direct), counts_};
  Context context_{backend_};
};

TEST_F(TapeTest, RejectsTensorsThatAreNotOnIt) {
  Tape tape(context_);
  const Tensor x = tensor({1.0}), leaf = tape.watch(x), y = ops::square(leaf);
  const std::string error = "cannot differentiate with respect to a tensor that is not on the tape";
  EXPECT_EQ(error_of([&] { tape.grad(y, std::span(&x, 1), {}, GradMode::keep); }), error);
  EXPECT_EQ(error_of([&] { tape.grad_into(y, std::span(&x, 1), {}, std::span(&x, 1)); }), error);
}

TEST_F(TapeTest, RejectsTheSameTensorTwice) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({1.0})), y = ops::square(x);
  const Tensor xs[] = {x, x}, into[] = {tensor({0.0}), tensor({0.0})};
  const std::string error = "the gradient of one tensor is requested twice";
  EXPECT_EQ(error_of([&] { tape.grad(y, xs, {}, GradMode::keep); }), error);
  EXPECT_EQ(error_of([&] { tape.grad_into(y, xs, {}, into); }), error);
}

TEST_F(TapeTest, ClearsOrKeepsGradientsThatNothingReaches) {
  for (const auto& [unreached, want] : {std::pair(Unreached::clear, 0.0), {Unreached::keep, 7.0}}) {
    Tape tape(context_);
    const Tensor xs[] = {tape.watch(tensor({3.0})), tape.watch(tensor({1.0}))};
    const Tensor into[] = {tensor({7.0}), tensor({7.0})};
    tape.grad_into(ops::square(xs[0]), xs, {}, into, Accumulate::overwrite, unreached);
    EXPECT_EQ(to_host(into[0])[0], 6.0);
    EXPECT_EQ(to_host(into[1])[0], want);
  }
}

TEST_F(TapeTest, RejectsACotangentOfAnotherShape) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({1.0, 2.0})), y = ops::square(x);
  EXPECT_THROW(tape.grad(y, std::span(&x, 1), tensor({1.0}), GradMode::keep), ShapeError);
}

TEST_F(TapeTest, IsTheOnlyOneOfItsContext) {
  const Tape tape(context_);
  EXPECT_THROW(Tape{context_}, Error);
}

TEST_F(TapeTest, ForgetsTensorsOfAnEarlierTape) {
  Tensor x;
  {
    Tape tape(context_);
    x = tape.watch(tensor({1.0}));
  }
  Tape tape(context_);
  const Tensor z = tape.watch(tensor({2.0})), y = ops::mul(x, z);
  EXPECT_THROW(tape.grad(y, std::span(&x, 1), {}, GradMode::keep), Error);
  EXPECT_EQ(to_host(tape.grad(y, std::span(&z, 1), {}, GradMode::keep)[0]), Values{1.0});
}

TEST_F(TapeTest, ReturnsZerosForTensorsThatYDoesNotDependOn) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({3.0})), z = tape.watch(tensor({4.0, 5.0}));
  const Tensor y = ops::square(x), late = tape.watch(tensor({6.0}));
  const Tensor xs[] = {x, z, late};
  const std::vector<Tensor> grads = tape.grad(y, xs, {}, GradMode::keep);
  EXPECT_EQ(to_host(grads[0]), Values{6.0});
  EXPECT_EQ(to_host(grads[1]), (Values{0.0, 0.0}));
  EXPECT_EQ(to_host(grads[2]), Values{0.0});
}

TEST_F(TapeTest, AddsTheContributionsOfAllUses) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({3.0}));
  const Tensor y = ops::add(ops::square(x), ops::add(ops::mul(x, ops::square(x)), x));
  EXPECT_EQ(to_host(tape.grad(y, std::span(&x, 1), {}, GradMode::keep)[0]), Values{34.0});
}

TEST_F(TapeTest, DoesNotAddInPlaceToSharedTensors) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({3.0})), dy = tensor({1.0});
  const Tensor y = ops::add(ops::identity(x), ops::identity(x));  // both gradients are dy itself
  EXPECT_EQ(to_host(tape.grad(y, std::span(&x, 1), dy, GradMode::keep)[0]), Values{2.0});
  EXPECT_EQ(to_host(dy), Values{1.0});
}

TEST_F(TapeTest, KeepsItsNodesInModeKeep) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({3.0})), y = ops::square(x);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(to_host(tape.grad(y, std::span(&x, 1), {}, GradMode::keep)[0]), Values{6.0});
  }
}

// 4 MB for each result; the arena shows whether they were still held when the sweep ended.
TEST_F(TapeTest, FreesTensorsInModeRelease) {
  constexpr int64_t kBytes = int64_t{1} << 22;
  for (const GradMode mode : {GradMode::keep, GradMode::release}) {
    Context context(backend_, {.persistent = 1 << 20, .step = 1 << 20});
    Tape tape(context);
    const Tensor x = tape.watch(full({1, 1, 1, kBytes / 8}, 1.0, Tensor(context, {}, DType::f64)));
    Tensor y = x;
    for (int i = 0; i < 3; ++i) y = ops::square(y);
    y = ops::mean(y);
    tape.grad(y, std::span(&x, 1), {}, mode);
    context.step().trim();
    const int64_t held = context.step().reserved_bytes() / kBytes;
    EXPECT_EQ(held, mode == GradMode::keep ? 3 : 1);  // x and the inputs of the other squares
  }
}

TEST_F(TapeTest, GradIntoOverwritesOrAdds) {
  for (const Accumulate accumulate : {Accumulate::overwrite, Accumulate::add}) {
    Tape tape(context_);
    const Tensor x = tape.watch(tensor({3.0})), z = tape.watch(tensor({4.0}));
    const Tensor xs[] = {x, z}, into[] = {tensor({10.0}), tensor({20.0})};
    tape.grad_into(ops::square(x), xs, {}, into, accumulate);
    const bool adds = accumulate == Accumulate::add;
    EXPECT_EQ(to_host(into[0]), Values{adds ? 16.0 : 6.0});
    EXPECT_EQ(to_host(into[1]), Values{adds ? 20.0 : 0.0}) << "without a gradient";
  }
}

// Two uses of one filter: the first gradient overwrites, the second is added, without a copy.
TEST_F(TapeTest, GradIntoWritesWeightGradientsInPlace) {
  Tape tape(context_);
  const Tensor like = tensor({1.0}), x = full({1, 4, 4, 2}, 1.0, like);
  const Tensor w = tape.watch(full({2, 3, 3, 2}, 0.5, like)), into = full(w.shape(), 7.0, like);
  const Tensor y = ops::conv2d(ops::conv2d(x, w, {}), w, {});
  const Values want = to_host(tape.grad(y, std::span(&w, 1), {}, GradMode::keep)[0]);
  const int64_t copies = counts_.all().at("affine");
  tape.grad_into(y, std::span(&w, 1), {}, std::span(&into, 1));
  EXPECT_EQ(to_host(into), want);
  EXPECT_EQ(counts_.all().at("affine"), copies);
}

TEST_F(TapeTest, RecordsNothingInAScopeWithoutRecording) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({3.0}));
  Tensor constant;
  {
    const RecordingScope off(context_, Recording::off);
    constant = ops::square(x);
  }
  const Tensor y = ops::mul(x, constant);
  EXPECT_EQ(to_host(tape.grad(y, std::span(&x, 1), {}, GradMode::keep)[0]), Values{9.0});
}

TEST_F(TapeTest, DifferentiatesARecordedBackwardPass) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({2.0}));
  Tensor y = ops::mul(ops::square(x), ops::square(x));  // x^4
  for (const double want : {32.0, 48.0, 48.0, 24.0}) {
    y = tape.grad(y, std::span(&x, 1), {}, GradMode::record)[0];
    EXPECT_EQ(to_host(y), Values{want});
  }
}

// The fused vjp while nothing is recorded, the composition otherwise.
TEST_F(TapeTest, FusedOpsUseTheirCompositionWhileRecording) {
  Tape tape(context_);
  const Tensor x = tape.watch(tensor({3.0}));
  int composed = 0, fused = 0;
  const Tensor y = record_fused(
      "square", {x}, tensor({9.0}),
      [&](const std::vector<Tensor>& in) {
        ++composed;
        return ops::square(in[0]);
      },
      [&](const Tensor& dy, const Need&) -> Grads {
        ++fused;
        return {ops::affine(dy, 6.0, 0.0)};
      });
  EXPECT_EQ(to_host(tape.grad(y, std::span(&x, 1), {}, GradMode::keep)[0]), Values{6.0});
  EXPECT_EQ(composed, 0);
  EXPECT_EQ(fused, 1);
  const Tensor dx = tape.grad(y, std::span(&x, 1), {}, GradMode::record)[0];
  EXPECT_EQ(to_host(dx), Values{6.0});
  EXPECT_EQ(composed, 1);
  EXPECT_EQ(fused, 1);
  EXPECT_EQ(to_host(tape.grad(dx, std::span(&x, 1), {}, GradMode::keep)[0]), Values{2.0});
}

}  // namespace
}  // namespace pg::test
