// strip_time.cpp: strips of wide images (kernels/cuda/conv/fprop/fprop_strip_kernel.cuh).
#include <algorithm>
#include <cmath>

#include "bench/model/assumptions.h"
#include "bench/model/epilogue.h"
#include "bench/model/kernel_time.h"

namespace pg::bench {
namespace {

// Template arguments: FpropStrip<pattern, inputs, kM, kN, ahead>.
struct Strip {
  explicit Strip(const KernelName& k)
      : pattern(k.number(0)), inputs(k.number(1)), kM(k.number(2)), kN(k.number(3)), bf16(k.bf16) {}

  int pattern, inputs, kM, kN;
  bool bf16;

  double stride() const { return pattern == 2 ? 2 : 1; }
  double phases() const { return pattern == 1 ? 4 : 1; }
  double tap_rows() const { return pattern == 0 ? 3 : pattern == 1 ? 2 : 4; }
  double element() const { return bf16 ? 2 : 4; }
  double width() const { return 64.0 * kM; }
  double line_pixels() const { return (width() + std::floor(2 / stride())) * stride(); }
  double copies() const {  // of a thread for a line
    return stride() * std::ceil(line_pixels() * std::floor(inputs * element() / 16) / 128);
  }
};

struct StripDemand {
  Demand demand;
  double memory = 0;
};

StripDemand demand_of(const ModelledLaunch& l, const Strip& s) {
  const ConvShapes shapes = conv_shapes(l.call);
  const Shape low = s.pattern == 2 ? shapes.out : shapes.in;
  const double processors = l.gpu.processors();
  const double lines =
      static_cast<double>(low.n * low.h) * std::ceil(static_cast<double>(low.w) / s.width());
  const double results = s.kM * s.kN * 4;
  const bool full = shapes.out.c == s.kN * 8;
  const double loop = l.code.instructions * s.tap_rows();
  const double rounding =
      s.bf16 ? 0 : s.copies() * assumed::kStripRounding + s.stride() * assumed::kStripRoundingLine;
  const double line = s.copies() * l.code.copy + assumed::kLine + rounding +
                      s.phases() * (loop + results * assumed::kStartResult +
                                    strip_epilogue(l.call, s.bf16, s.kM, s.kN * 8, full));
  const double halo = 1 + assumed::kHaloLines / std::max(1.0, lines / std::max(1.0, l.blocks()));
  constexpr double kWarps = 4, kFragment = 512, kResultBytes = 32 * 4 * 2;
  const double read =
      l.code.ldmatrix * s.tap_rows() * kFragment + (full ? 0 : results * kResultBytes);
  const double traffic = s.stride() * s.line_pixels() * s.inputs * s.element() *
                         (s.bf16 ? 1 : assumed::kRoundedTraffic);
  const double filled = s.kN * 8.0 / static_cast<double>(shapes.out.c);
  const double macs = multiply_adds(l.call) / l.gpu.rates.macs(s.bf16) / processors;
  return {.demand = {.tensor = macs * filled,
                     .shared = lines * (kWarps * s.phases() * read + traffic) /
                               assumed::kSharedPerClock / processors,
                     .instructions = lines * kWarps * line / assumed::kSchedulers /
                                     assumed::kIssue / processors * halo},
          .memory = l.call.bytes() / l.gpu.memory_per_clock() / processors * assumed::kStripMemory};
}

}  // namespace

Estimate strip_time(const ModelledLaunch& l) {
  const auto [demand, memory] = demand_of(l, Strip(l.kernel));
  // Memory takes the place of the cache, which strips hardly use.
  Demand all = demand;
  all.cache = memory;
  constexpr double kSecond = assumed::kSecondLimitOfWgrad;
  double clocks = all.slowest() + kSecond * all.second();
  const double at_once = blocks_at_once(l);
  const double waves = l.blocks() / l.gpu.processors() / at_once;
  if (waves >= assumed::kManyWaves) {
    clocks *= assumed::kUnevenWaves;
  } else if (waves > 1) {
    clocks *= std::ceil(waves) / waves;
  }
  const Bound bound = all.bound() == Bound::cache ? Bound::memory : all.bound();
  return {.seconds = clocks / l.gpu.rates.clock + assumed::kGap,
          .bound = bound,
          .blocks_at_once = at_once,
          .waves = waves};
}

}  // namespace pg::bench
