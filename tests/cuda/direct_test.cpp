// direct_test.cpp: the exact convolution's large tile, which the small shapes of conv_test do not
// reach, compared with the CPU's f64 loops.
#include "kernels/cuda/conv/direct/direct.h"

#include "tests/kernels/kernel_device.h"
#include "tests/kernels/kernel_test.h"

namespace pg::test {
namespace {

TEST(ConvDirect, LargeTileMatches) {
  const Host x = random_host({1, 31, 32, 3}, 1), w = random_host({512, 3, 3, 3}, 2);
  const Shape y{1, 62, 64, 512};
  const auto args = [&](Bench& b) {
    return Conv2dArgs{
        .x = b.in(x), .w = b.in(w), .y = b.out(y), .geometry = {.mode = ConvMode::up}};
  };
  const std::unique_ptr<Backend> memory = device_variants().front().open();
  cuda::Queue queue(0, MatrixMath::exact);
  Bench bench(*memory, DType::f32);
  cuda::direct_fprop(queue, args(bench));
  PG_CUDA(cudaStreamSynchronize(queue.stream()));
  const std::unique_ptr<Backend> cpu = make_cpu_backend(1, CpuPath::direct);
  Bench oracle(*cpu, DType::f64);
  cpu->conv2d(args(oracle));
  expect_close(bench.finish()[0], oracle.finish()[0], DType::f32, 27);
}

}  // namespace
}  // namespace pg::test
