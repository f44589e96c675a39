// failures_test.cpp: every call of the CUDA runtime fails once. Each failure is an error of one
// sentence, or does not matter, and nothing is lost.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "engine/ops/ops.h"
#include "kernels/capture.h"
#include "tests/cuda/environment.h"
#include "tests/cuda/training_cases.h"
#include "tests/simt/host/test.h"

namespace pg::test {
namespace {

// The complaint about a run of `work` in which call number `failing` fails; empty if it is fine.
std::string complaint(const std::function<void()>& work, int64_t failing) {
  const int64_t before = simt::objects();
  simt::fail_call(simt::calls() + failing);
  std::string said;
  try {
    work();
  } catch (const Error& e) {
    said = e.what();
    if (said.empty() || said.find('\n') != std::string::npos) return "not a sentence: " + said;
  } catch (const std::exception& e) {
    return std::string("not an error of this project: ") + e.what();
  }
  simt::fail_call(0);
  simt::reset_device_errors();
  if (simt::objects() != before) {
    return message(simt::objects() - before, " objects are lost after \"", said, "\"");
  }
  return "";
}

// Fails each call whose number modulo `stride` is 1.
void expect_sentences(const std::function<void()>& work, int64_t stride) {
  work();  // the first one builds what lasts as long as the process
  const int64_t first = simt::calls();
  work();
  const int64_t calls = simt::calls() - first;
  EXPECT_GT(calls, 20);
  for (int64_t i = 1; i <= calls; i += stride) {
    EXPECT_EQ(complaint(work, i), "") << "call " << i << " of " << calls;
  }
}

// Packed filters, scratch memory, uploads of both sizes, a capture.
void use_backend(CudaKernels kernels) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32, kernels);
  Context context(*backend, {.persistent = 1 << 20, .step = 1 << 20});
  const Tensor x(context, {1, 4, 4, 128}, DType::f32), w(context, {8, 3, 3, 128}, DType::f32);
  from_host(x, std::vector<double>(static_cast<size_t>(x.numel()), 1.0));
  from_host(w, std::vector<double>(static_cast<size_t>(w.numel()), 0.5));
  const auto call = [&] {
    const Tensor y = ops::conv2d(x, w, {});
    ops::conv2d_weight_grad(y, x, w.shape(), {});
    ops::pixel_norm(y, 1e-8);
  };
  call();
  Capture capture(*backend);
  call();
  const auto graph = capture.end();
  graph->replay();
  EXPECT_EQ(to_host(x)[0], 1.0);
}

TEST(Failures, OfTheBackendAreSentences) {
  expect_sentences([] { use_backend(CudaKernels::own); }, 1);
}

TEST(Failures, OfTheAutotunerAreSentences) {
  const Variable nowhere("XDG_CACHE_HOME", "/dev/null");  // each run times again
  expect_sentences([] { use_backend(CudaKernels::fastest); }, 97);
}

TEST(Failures, OfATrainingRunAreSentences) {
  const auto train = [] {
    const auto backend = make_cuda_backend(0, MatrixMath::tf32);
    SmallRun run(*backend, small_gan(Precision::bf16));
    for (int i = 0; i < 3; ++i) run.iterate({4, 1.0});
    run.iterate({8, 0.5});
    run.stats();
  };
  expect_sentences(train, 97);
}

TEST(Failures, InsideACaptureEndIt) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  const auto fail_while_capturing = [&] {
    const Capture capture(*backend);
    throw DeviceError("a launch failed");
  };
  EXPECT_THROW(fail_while_capturing(), DeviceError);
  EXPECT_NO_THROW(backend->synchronize());
  backend->release(backend->allocate(64));
}

TEST(Failures, AllocatingInACaptureHasAnErrorOfItsOwn) {
  const auto backend = make_cuda_backend(0, MatrixMath::tf32);
  const Capture capture(*backend);
  try {
    backend->allocate(64);
    FAIL();
  } catch (const DeviceError& e) {
    EXPECT_NE(std::string(e.what()).find("a captured iteration needs GPU memory"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace pg::test
