// flat_memory_test.cpp: later iterations of a stage hold no more GPU memory than its first few.
//
// PROGAN_FLAT_ITERATIONS sets their number; the default is small, since the emulator is slow.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cuda/training_cases.h"
#include "tests/kernels/memory_meter.h"

namespace pg::test {
namespace {

TEST(FlatMemoryOnDevice, StaysFlatInEachStage) {
  const char* wanted = std::getenv("PROGAN_FLAT_ITERATIONS");
  const int64_t iterations = wanted == nullptr ? 24 : std::atoll(wanted);
  MeteredBackend backend(make_cuda_backend(0, MatrixMath::tf32));
  SmallRun run(backend, small_gan());
  for (const Fade& fade : {Fade{4, 1.0}, Fade{8, 0.5}, Fade{8, 1.0}}) {
    for (int i = 0; i < 8; ++i) run.iterate(fade);  // the second one captures
    const int64_t held = backend.held(), resident = resident_bytes();
    for (int64_t i = 0; i < iterations / 3; ++i) run.iterate(fade);
    EXPECT_EQ(backend.held(), held);
    if (kResidenceTells) {
      EXPECT_LE(static_cast<double>(resident_bytes()), 1.01 * static_cast<double>(resident));
    }
  }
}

}  // namespace
}  // namespace pg::test
