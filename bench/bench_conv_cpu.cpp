// bench_conv_cpu.cpp: time of the CPU convolutions, their gradients and dense layers at paper
// shapes.
//
// GFLOP/s count the direct convolution on the full-size image, so Winograd and folding can exceed
// the multiply-add peak. Each result is compared with a direct sum in double at sampled elements.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "bench/reference.h"
#include "kernels/cpu/fast/fast.h"

namespace {

using pg::ConvMode;
using pg::Shape;

struct Case {
  int64_t size, c, k, n;  // size: of the larger image
  ConvMode mode;
};

constexpr Case kCases[] = {
    {4, 512, 512, 16, ConvMode::same},  {4, 513, 512, 16, ConvMode::same},
    {4, 512, 512, 32, ConvMode::same},  {8, 512, 512, 16, ConvMode::same},
    {8, 512, 512, 16, ConvMode::up},    {8, 512, 512, 16, ConvMode::down},
    {8, 512, 512, 32, ConvMode::same},  {8, 512, 512, 32, ConvMode::down},
    {16, 512, 512, 16, ConvMode::same}, {16, 512, 512, 16, ConvMode::up},
    {16, 512, 512, 16, ConvMode::down}, {32, 512, 512, 16, ConvMode::same},
    {32, 512, 512, 16, ConvMode::up},   {32, 512, 512, 16, ConvMode::down},
    {64, 256, 256, 16, ConvMode::same}, {64, 512, 256, 16, ConvMode::up},
    {64, 256, 512, 16, ConvMode::down}, {128, 128, 128, 8, ConvMode::same},
    {128, 256, 128, 8, ConvMode::up},   {128, 128, 256, 8, ConvMode::down},
    {256, 64, 64, 4, ConvMode::same},   {256, 128, 64, 4, ConvMode::up},
    {256, 64, 128, 4, ConvMode::down},  {512, 32, 32, 2, ConvMode::same},
    {512, 64, 32, 2, ConvMode::up},     {512, 32, 64, 2, ConvMode::down},
    {1024, 16, 16, 1, ConvMode::same},  {1024, 32, 16, 1, ConvMode::up},
    {1024, 16, 32, 1, ConvMode::down},  {16, 128, 128, 16, ConvMode::same},
    {32, 64, 64, 16, ConvMode::same},   {32, 64, 64, 16, ConvMode::down},
    {64, 32, 32, 16, ConvMode::same},   {64, 16, 16, 32, ConvMode::same},
    {32, 128, 128, 32, ConvMode::up},   {8, 128, 128, 64, ConvMode::same},
};

std::vector<float> random_values(int64_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = uniform(engine);
  return values;
}

template <typename F>
double best_ms(F&& f) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  f();
  const auto begin = Clock::now();
  while (times.size() < 5 ||
         (times.size() < 60 && Clock::now() - begin < std::chrono::milliseconds(100))) {
    const auto start = Clock::now();
    f();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times.front();
}

// Largest error at sampled elements, relative to the root mean square of the samples.
template <typename F>
double sampled_error(const Shape& shape, const std::vector<float>& got, int samples, F&& want) {
  std::mt19937_64 engine(7);
  double worst = 0, square = 0;
  for (int i = 0; i < samples; ++i) {
    const int64_t at = static_cast<int64_t>(engine() % static_cast<uint64_t>(shape.numel()));
    const int64_t c = at % shape.c, w = at / shape.c % shape.w,
                  h = at / shape.c / shape.w % shape.h;
    const double value = want(at / shape.c / shape.w / shape.h, h, w, c);
    worst = std::max(worst, std::abs(value - double(got[static_cast<size_t>(at)])));
    square += value * value;
  }
  return worst / std::sqrt(square / samples);
}

void run_case(pg::cpu::FastPath& fast, const Case& e) {
  const bool up = e.mode == ConvMode::up, down = e.mode == ConvMode::down;
  const int64_t in = up ? e.size / 2 : e.size, out = down ? e.size / 2 : e.size;
  const Shape xs{e.n, in, in, e.c}, ws{e.k, 3, 3, e.c}, ys{e.n, out, out, e.k};
  std::vector<float> x = random_values(xs.numel(), 1), w = random_values(ws.numel(), 2);
  std::vector<float> dy = random_values(ys.numel(), 3);
  std::vector<float> y(dy.size()), dx(x.size()), dw(w.size());
  const pg::ConvGeometry geometry{e.mode, 1, 1.0};
  const pg::bench::ConvReference<const float*> t{xs,       ws,       ys,       geometry,
                                                 x.data(), w.data(), dy.data()};
  auto view = [](std::vector<float>& v, Shape s) {
    return pg::TensorView{v.data(), pg::DType::f32, s};
  };
  const double f = best_ms([&] {
    fast.conv2d(
        {.x = view(x, xs), .w = view(w, ws), .b = {}, .y = view(y, ys), .geometry = geometry});
  });
  const double d = best_ms([&] {
    fast.conv2d_input_grad({view(dy, ys), view(w, ws), view(dx, xs), geometry});
  });
  const double g = best_ms([&] {
    fast.conv2d_weight_grad({view(dy, ys), view(x, xs), view(dw, ws), geometry});
  });
  const double gflop = 2e-9 * 9 * double(e.n * e.size * e.size * e.c * e.k);
  const int grad_samples =
      static_cast<int>(std::clamp<int64_t>(20000000 / (e.n * e.size * e.size), 5, 100));
  const char* modes[] = {"same", "up", "down"};
  std::printf(
      "%5ld %4ld->%-4ld N%-3ld %-4s | %8.3f ms %5.0f | %8.3f ms %5.0f | %8.3f ms %5.0f | err %.1e "
      "%.1e %.1e\n",
      e.size, e.c, e.k, e.n, modes[int(e.mode)], f, gflop / f * 1e3, d, gflop / d * 1e3, g,
      gflop / g * 1e3, sampled_error(ys, y, 100, [&](auto... i) { return t.y(i...); }),
      sampled_error(xs, dx, 100, [&](auto... i) { return t.dx(i...); }),
      sampled_error(ws, dw, grad_samples, [&](auto... i) { return t.dw(i...); }));
  std::fflush(stdout);
}

}  // namespace

// bench_conv_cpu [threads] [only-this-size]
int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  const int64_t only = argc > 2 ? std::atoi(argv[2]) : 0;
  const char* isa = std::getenv("PG_BENCH_ISA");
  pg::cpu::FastPath fast(threads, isa ? pg::cpu::Isa(std::atoi(isa)) : pg::cpu::best_isa());
  std::printf(
      "image in->out                 | forward, GFLOP/s  | input grad        | weight grad       | "
      "error / rms\n");
  for (const Case& e : kCases)
    if (only == 0 || only == e.size) run_case(fast, e);
}
