// training_checks.cpp: iterations of a small network, which join all kernels, streams and graphs.
#include <algorithm>
#include <cmath>

#include "kernels/forwarding_backend.h"
#include "model/selftest/check.h"
#include "model/selftest/small_run.h"

namespace pg::selftest {
namespace {

constexpr double kWork = 1e7;

// The learning rate is 0, so that D's update cannot amplify rounding before G uses it.
Deviation compare_with_cpu(Machine& m, Precision precision, const Fade& fade, double tolerance) {
  const MatrixMath math = precision == Precision::fp32 ? MatrixMath::exact : MatrixMath::tf32;
  const std::unique_ptr<Backend> device = m.training(math);
  Config on_cpu = small_gan(precision);
  on_cpu.train.precision = Precision::fp32;
  SmallRun got(*device, small_gan(precision)), want(m.oracle(), on_cpu);
  got.iterate(fade, 0.0);
  want.iterate(fade, 0.0);
  Deviation worst{.tolerance = tolerance};
  for (const char* network : {"D", "G"}) {
    const std::vector<double> expected = gradients(want, network);
    worst.include(distance(gradients(got, network), expected) / norm(expected),
                  [&] { return message("gradients of ", network); });
  }
  return worst;
}

// Bits of weights and moments after iterations of several kinds.
std::vector<double> train(Backend& backend) {
  SmallRun run(backend, small_gan(Precision::fp32));
  double rate = 1e-3;
  for (const Fade& fade :
       {Fade{4}, Fade{8, 0.25}, Fade{8, 0.5}, Fade{8, 0.75}, Fade{8}, Fade{8}, Fade{8}}) {
    run.iterate(fade, rate);
    rate *= 0.9;
  }
  return run.state("");
}

Deviation same_bits(const std::vector<double>& got, const std::vector<double>& want) {
  Deviation worst{.tolerance = 0.0};
  for (size_t i = 0; i < want.size(); ++i) {
    if (got[i] == want[i]) continue;
    const double error = std::isnan(got[i]) ? INFINITY : std::abs(got[i] - want[i]);
    worst.include(error, [&] { return message("weight or moment ", i); });
  }
  return worst;
}

}  // namespace

void add_training_checks(Checks& list, Machine& machine) {
  const auto add = [&](const std::string& name, TensorKernels family, auto run) {
    list.push_back({.group = "training iterations",
                    .name = name,
                    .family = family,
                    .work = kWork,
                    .run = run});
  };
  struct Stage {
    const char* name;
    Fade fade;
  };
  for (const Stage& s : {Stage{"4x4", {4}}, Stage{"8x8 fading", {8, 0.3}}, Stage{"8x8", {8}}}) {
    // f32 sums in another order, for a dozen layers forward, backward and forward again; fast CPU
    // paths round more coarsely. Then factors rounded to 2^-11, and activations to 2^-9.
    const double exact = machine.is_gpu() ? 1e-5 : 1e-3;
    add(message("iteration in fp32 at ", s.name), {}, [fade = s.fade, exact](Machine& m) {
      return compare_with_cpu(m, Precision::fp32, fade, exact);
    });
    if (!machine.is_gpu()) continue;
    add(message("iteration in tf32 at ", s.name), TensorKernels::of(TensorType::tf32),
        [fade = s.fade](Machine& m) { return compare_with_cpu(m, Precision::tf32, fade, 5e-3); });
    add(message("iteration in bf16 at ", s.name), TensorKernels::of(TensorType::bf16),
        [fade = s.fade](Machine& m) { return compare_with_cpu(m, Precision::bf16, fade, 4e-2); });
  }
  add("the same bits twice", {}, [](Machine& m) {
    const auto first = m.training(MatrixMath::tf32), second = m.training(MatrixMath::tf32);
    return same_bits(train(*second), train(*first));
  });
  if (!machine.is_gpu()) return;
  add("captured iterations like uncaptured ones", {}, [](Machine& m) {
    const auto captures = m.training(MatrixMath::tf32);
    ForwardingBackend does_not(m.training(MatrixMath::tf32));
    return same_bits(train(*captures), train(does_not));
  });
}

}  // namespace pg::selftest
