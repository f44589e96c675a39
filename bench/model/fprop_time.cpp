// fprop_time.cpp: tiles of the tensor-core convolution (kernels/cuda/conv/fprop/fprop_kernel.cuh).
#include <algorithm>
#include <cmath>

#include "bench/model/assumptions.h"
#include "bench/model/epilogue.h"
#include "bench/model/kernel_time.h"
#include "kernels/math.h"

namespace pg::bench {
namespace {

// Template arguments: FpropTile<rows, columns, warps_m, warps_n, blocks, speed>, pattern. A step
// has kPacks packs, and kStages of them are under way.
struct Tile {
  explicit Tile(const KernelName& k)
      : rows(k.number(0)),
        columns(k.number(1)),
        warps_m(k.number(2)),
        warps_n(k.number(3)),
        pattern(k.number(6)),
        bf16(k.bf16) {}

  static constexpr int kPacks = 4, kStages = 4;
  int rows, columns, warps_m, warps_n, pattern;
  bool bf16;

  double element() const { return bf16 ? 2 : 4; }
  double pack() const { return 16 / element(); }
  double step() const { return kPacks * pack(); }
  double warps() const { return warps_m * warps_n; }
  double products() const {  // instructions of the tensor core of a warp's step
    return rows / (16.0 * warps_m) * columns / (8.0 * warps_n) * kPacks / 2;
  }
  double planes() const { return pattern == 2 ? 2 : 1; }
  // Pixels are copied once for the taps of a line, with one more at each end.
  double across(const Shape& w) const {
    return pattern == 0 ? static_cast<double>(w.w) : pattern == 1 ? 2 : 4;
  }
  double bytes(const Shape& w) const {  // of a step
    return (pixels(w) + columns) * 16.0 * kPacks;
  }
  double shared_bytes(const Shape& w) const {  // moved by copies of a step, and by rounding
    return (pixels(w) * (bf16 ? 1 : assumed::kRoundedTraffic) + columns) * 16.0 * kPacks;
  }
  double pixels(const Shape& w) const { return (rows + 2) * planes() / across(w); }
  double phases() const { return pattern == 1 ? 4 : 1; }
  double taps(const Shape& w) const {
    return pattern == 0 ? static_cast<double>(w.h * w.w) : pattern == 1 ? 4 : 16;
  }
};

class FpropModel {
 public:
  explicit FpropModel(const ModelledLaunch& l) : l_(l), tile_(l.kernel) {
    const ConvShapes shapes = conv_shapes(l.call);
    const double channels = std::ceil(static_cast<double>(shapes.in.c) / tile_.pack());
    const double depth = tile_.taps(shapes.w) * channels * tile_.pack();
    const Shape low = tile_.pattern == 2 ? shapes.out : shapes.in;
    const double tiles = std::ceil(static_cast<double>(low.pixels()) / tile_.rows) *
                         std::ceil(static_cast<double>(shapes.out.c) / tile_.columns) *
                         tile_.phases();
    bytes_ = tile_.bytes(shapes.w);
    shared_bytes_ = tile_.shared_bytes(shapes.w);
    splits_ = std::max(1.0, std::round(l.blocks() / tiles));
    steps_ = std::ceil(std::ceil(depth / tile_.step()) / splits_);
    depth_ = std::ceil(depth / splits_);
    const double rows = std::floor(static_cast<double>(l.launch.threads) / Tile::kPacks);
    const double passes = std::ceil((tile_.rows + 2) / rows);
    const double unrolled = l.code.mma / tile_.products();
    step_instructions_ = l.code.instructions / unrolled;
    ldmatrix_ = l.code.ldmatrix / unrolled;
    other_ = step_instructions_ - tile_.products() - ldmatrix_;
    prolog_ = assumed::kProlog + passes * assumed::kPrologOfRows +
              (Tile::kStages - 1) * other_ * assumed::kPrologShare;
    const bool full = tile_.columns <= 32 && splits_ == 1 && shapes.out.c == tile_.columns;
    epilogue_ = tile_epilogue(l.call, tile_.bf16, tile_.rows / tile_.warps_m / 16,
                              tile_.columns / tile_.warps_n, full);
  }

  Demand demand(double blocks) const {
    const ModelledGpu& g = l_.gpu;
    const double busy = std::min(g.processors(), l_.blocks());
    const double cache = std::min(assumed::kMostCache, g.cache_per_clock() * g.processors() / busy);
    const double instructions = prolog_ + steps_ * step_instructions_ + epilogue_;
    const double read = tile_.warps() * ldmatrix_ * 512;
    return {.tensor = blocks * tile_.rows * tile_.columns * depth_ / g.rates.macs(tile_.bf16),
            .shared = blocks * steps_ * (read + shared_bytes_) / assumed::kSharedPerClock,
            .instructions =
                blocks * tile_.warps() * instructions / assumed::kSchedulers / assumed::kIssue,
            .cache = blocks * steps_ * bytes_ / cache};
  }

  // Clocks of a block alone, whose warps have a scheduler each.
  double latency() const {
    const double macs = tile_.bf16 ? 2048 : 1024;  // of an instruction
    const double mma = macs / (l_.gpu.rates.macs(tile_.bf16) / assumed::kSchedulers);
    const double step = assumed::kBarrier + other_ * assumed::kStepStall + assumed::kFragments +
                        tile_.products() * mma + assumed::kLastMma;
    return prolog_ * assumed::kStall + assumed::kStartLatency + steps_ * step +
           epilogue_ * assumed::kStall;
  }

  double wave(double blocks) const {
    const Demand d = demand(blocks);
    return std::max(latency(), d.slowest() + assumed::kSecondLimit * d.second());
  }

 private:
  const ModelledLaunch& l_;
  Tile tile_;
  double splits_ = 1, steps_ = 0, depth_ = 0, bytes_ = 0;  // of a block
  double shared_bytes_ = 0;
  double step_instructions_ = 0, ldmatrix_ = 0, other_ = 0;
  double prolog_ = 0, epilogue_ = 0;
};

}  // namespace

Estimate fprop_time(const ModelledLaunch& l) {
  const FpropModel model(l);
  const double at_once = blocks_at_once(l), processors = l.gpu.processors();
  const double clocks = clocks_of_waves(l, at_once, [&](double k) { return model.wave(k); });
  const double memory = l.call.bytes() / l.gpu.memory_per_clock() / processors;
  const Demand busy = model.demand(std::min(at_once, std::ceil(l.blocks() / processors)));
  Bound bound = busy.bound();
  if (model.latency() > busy.slowest() + assumed::kSecondLimit * busy.second()) {
    bound = Bound::latency;
  }
  if (memory > clocks) bound = Bound::memory;
  return {.seconds = std::max(clocks, memory) / l.gpu.rates.clock + assumed::kGap,
          .bound = bound,
          .blocks_at_once = at_once,
          .waves = l.blocks() / processors / at_once};
}

}  // namespace pg::bench
