// timing.cpp: copies of operands, batches of launches, and measured peaks.
#include "bench/timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "kernels/capture.h"
#include "kernels/error.h"
#include "model/config/numerics.h"

namespace pg::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMinCaptured =
    16;  // launches per graph, to make the time of starting it negligible
constexpr double kLongLaunch = 1e-3;  // seconds; a single launch this long does so by itself

double seconds_of(Backend& backend, const std::function<void()>& work) {
  backend.synchronize();
  const auto start = Clock::now();
  work();
  backend.synchronize();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Repeats `work`, a sequence of `launches` launches, in batches.
Timing time_batches(Backend& backend, const std::function<void()>& work, int64_t launches,
                    double seconds) {
  constexpr double kSlow = 0.05;
  const double once = seconds_of(backend, work);
  const int batches = once > kSlow ? 3 : 5;
  const auto repeats =
      std::max<int64_t>(1, std::llround(std::ceil(seconds / batches / std::max(once, 1e-7))));
  std::vector<double> times;
  for (int i = 0; i < batches; ++i) {
    const double t = seconds_of(backend, [&] {
      for (int64_t k = 0; k < repeats; ++k) work();
    });
    times.push_back(t / static_cast<double>(repeats * launches));
  }
  std::sort(times.begin(), times.end());
  return {.seconds = times[times.size() / 2],
          .fastest = times.front(),
          .slowest = times.back(),
          .launches = batches * repeats * launches};
}

}  // namespace

Timing time_case(Backend& backend, const Case& c, const Operands& operands,
                 const TimingOptions& options) {
  const int64_t copies = operands.copies();
  if (!backend.can_capture()) {
    int64_t next = 0;
    return time_batches(
        backend, [&] { c.run(backend, operands.copy(next++ % copies)); }, 1, options.seconds);
  }
  const double once = seconds_of(backend, [&] { c.run(backend, operands.copy(0)); });
  const int64_t rounds = once > kLongLaunch ? 1 : (kMinCaptured + copies - 1) / copies;
  Capture capture(backend);
  for (int64_t i = 0; i < rounds * copies; ++i) c.run(backend, operands.copy(i % copies));
  const std::unique_ptr<StepGraph> graph = capture.end();
  graph->replay();
  return time_batches(
      backend, [&] { graph->replay(); }, rounds * copies, options.seconds);
}

Peaks measure_peaks(Backend& backend, Precision precision, const DeviceChoice& device) {
  constexpr double kSeconds = 0.2;
  const int64_t numel = int64_t{1} << (device.cuda ? 28 : 25), m = device.cuda ? 8192 : 1536;
  Peaks peaks;
  Case copy;
  copy.operands = {{.shape = {1, 1, 1, numel}}, {.shape = {1, 1, 1, numel}, .role = Role::out}};
  copy.run = [](Backend& b, Views v) { b.copy(v[1], v[0]); };
  Case product;
  const DType t = numerics_of(precision).activations;
  product.operands = {{.shape = {m, 1, 1, m}, .dtype = t},
                      {.shape = {m, 1, 1, m}, .dtype = t},
                      {.shape = {m, 1, 1, m}, .dtype = t, .role = Role::out}};
  product.run = [](Backend& b, Views v) {
    b.matmul({.a = v[0], .b = v[1], .y = v[2], .trans_b = Transpose::yes});
  };
  const auto measure = [&](const Case& c) {
    const Operands operands(backend, c, 0);
    c.run(backend, operands.copy(0));
    return time_case(backend, c, operands, {.seconds = kSeconds, .cold_bytes = 0}).seconds;
  };
  peaks.bytes_per_second = copy.bytes() / measure(copy);
  peaks.flops = 2.0 * std::pow(static_cast<double>(m), 3) / measure(product);
  return peaks;
}

Peaks given_peaks(const std::vector<double>& numbers) {
  PG_CHECK(numbers.size() == 2 && numbers[0] > 0 && numbers[1] > 0, UsageError,
           "--peaks: expected two positive numbers TFLOP/s,GB/s, such as 400,4300");
  return {.bytes_per_second = numbers[1] * 1e9, .flops = numbers[0] * 1e12};
}

}  // namespace pg::bench
