// wgrad_time.cpp: the tensor-core weight gradient (kernels/cuda/conv/wgrad/wgrad_kernel.cuh).
#include <algorithm>
#include <cmath>

#include "bench/model/assumptions.h"
#include "bench/model/kernel_time.h"
#include "kernels/math.h"

namespace pg::bench {
namespace {

// As WgradTile and kWgradTiles in kernels/cuda/conv/wgrad/wgrad.h.
struct Tile {
  double taps_h, taps_w, stride, frags_a, frags_b, warps_a, warps_b, warps_k, bf16_pixels, stages;

  double taps() const { return taps_h * taps_w; }
  double channels_a() const { return 16 * frags_a * warps_a; }
  double channels_b() const { return 8 * frags_b * warps_b; }
  double warps() const { return warps_a * warps_b * warps_k; }
  double results() const { return frags_a * taps() * frags_b * 4; }  // of a lane
};
constexpr Tile kTiles[] = {
    {3, 3, 1, 4, 1, 2, 4, 1, 64, 3}, {3, 3, 1, 4, 1, 1, 4, 1, 32, 3},
    {3, 3, 1, 2, 1, 1, 4, 2, 64, 3}, {3, 3, 1, 1, 2, 1, 1, 8, 128, 3},
    {4, 4, 2, 2, 1, 4, 2, 1, 64, 3}, {4, 4, 2, 2, 1, 2, 4, 1, 64, 3},
    {4, 4, 2, 2, 1, 1, 2, 4, 64, 3}, {1, 1, 1, 4, 4, 2, 4, 1, 32, 4},
    {1, 1, 1, 2, 2, 1, 2, 4, 64, 3},
};

// Throws Error if the launch is not one of the tile above.
const Tile& tile_of(const ModelledLaunch& l) {
  const auto index = static_cast<size_t>(l.kernel.number(0));
  const bool known = index < std::size(kTiles) &&
                     32 * kTiles[index].warps() == static_cast<double>(l.launch.threads);
  PG_CHECK(known, Error, "model: ", l.kernel.text, " does not have the tile of wgrad_time.cpp");
  return kTiles[index];
}

struct Images {
  Shape low, high;  // of the product: channels a and b
};
Images images_of(const RecordedCall& call) {
  const Shape x = call.at("x").shape, dy = call.at("dy").shape;
  return *call.mode == ConvMode::up ? Images{x, dy} : Images{dy, x};
}

class WgradModel {
 public:
  explicit WgradModel(const ModelledLaunch& l)
      : l_(l), t_(tile_of(l)), bf16_(l.kernel.bf16), element_(bf16_ ? 2 : 4) {
    const Shape low = images_of(l.call).low;
    pixels_ = t_.bf16_pixels * 2 / element_;
    const auto image = static_cast<double>(low.h * low.w);
    double patches = std::ceil(static_cast<double>(low.pixels()) / pixels_);
    if (image < pixels_ && t_.taps() > 1) {
      patches = std::ceil(static_cast<double>(low.n) / std::max(1.0, std::floor(pixels_ / image)));
    }
    per_block_ = std::ceil(patches / static_cast<double>(l.launch.grid[1]));
    const double elements = static_cast<double>(l.launch.smem) / element_ / t_.stages;
    constexpr double kPad = 8;
    high_pixels_ = std::max(
        pixels_, (elements - pixels_ * (t_.channels_a() + kPad)) / (t_.channels_b() + kPad));
    if (t_.taps() == 1) high_pixels_ = pixels_;
    steps_ = std::floor(std::floor(pixels_ / (bf16_ ? 16 : 8)) / t_.warps_k);
    count_instructions();
  }

  double loaded() const {  // bytes of a patch
    return (pixels_ * t_.channels_a() + high_pixels_ * t_.channels_b()) * element_;
  }

  Demand demand(double blocks) const {
    const double fragments = t_.frags_a * 512 + t_.taps() * t_.frags_b * 256;
    const double traffic = loaded() * (bf16_ ? 1 : assumed::kRoundedTraffic);
    const double instructions = prolog_ + per_block_ * patch_ + epilogue_;
    const double all = blocks * per_block_;
    return {
        .tensor = all * t_.warps() * steps_ * products() * mma_clocks() / assumed::kSchedulers,
        .shared = all * (t_.warps() * steps_ * fragments + traffic) / assumed::kSharedPerClock,
        .instructions = blocks * t_.warps() * instructions / assumed::kSchedulers / assumed::kIssue,
        .cache = all * loaded() / l_.gpu.cache_per_clock()};
  }

  double latency() const {
    const double step = assumed::kWgradStep + products() * mma_clocks();
    const double patch = assumed::kPatchBarrier + copies_ * assumed::kStepStall + steps_ * step;
    return prolog_ * assumed::kStall + assumed::kWgradStart + per_block_ * patch +
           epilogue_ * assumed::kStoreStall;
  }

  double wave(double blocks) const {
    const Demand d = demand(blocks);
    return std::max(latency(), d.slowest() + assumed::kSecondLimitOfWgrad * d.second());
  }

 private:
  double products() const { return t_.frags_a * t_.frags_b * t_.taps(); }  // of a step
  double mma_clocks() const {
    return (bf16_ ? 2048 : 1024) / (l_.gpu.rates.macs(bf16_) / assumed::kSchedulers);
  }

  void count_instructions() {
    const auto threads = static_cast<double>(l_.launch.threads);
    const double low = pixels_ * std::floor(t_.channels_a() * element_ / 16) / threads;
    const double high = high_pixels_ * std::floor(t_.channels_b() * element_ / 16) / threads;
    copies_ =
        l_.code.copy * (low * assumed::kLowCopy + high * assumed::kHighCopy) + assumed::kPatch;
    if (!bf16_) copies_ += (low + high) * assumed::kRounding + assumed::kRoundingPatch;
    prolog_ = assumed::kWgradProlog + copies_ * (t_.stages - 1);
    if (l_.code.copy == 0) copies_ = 0;  // the main loop is that of patches and has them all
    patch_ = copies_ + steps_ * l_.code.instructions;
    epilogue_ = t_.results() * assumed::kStoreResult;
    if (t_.warps_k > 1) epilogue_ += t_.results() * t_.warps_k * assumed::kJoinResult;
  }

  const ModelledLaunch& l_;
  const Tile& t_;
  bool bf16_;
  double element_, pixels_ = 0, high_pixels_ = 0, steps_ = 0, per_block_ = 0;
  double copies_ = 0, patch_ = 0, prolog_ = 0, epilogue_ = 0;  // instructions
};

}  // namespace

double wgrad_partial_bytes(const ModelledLaunch& l) {
  const Shape dw = l.call.at("dw").shape;
  return static_cast<double>(l.launch.grid[1] * dw.n * dw.c) * tile_of(l).taps() * 4;
}

Estimate wgrad_time(const ModelledLaunch& l) {
  const WgradModel model(l);
  const double at_once = blocks_at_once(l), processors = l.gpu.processors();
  const double clocks = clocks_of_waves(l, at_once, [&](double k) { return model.wave(k); });
  const double memory =
      (l.call.at("x").bytes() + l.call.at("dy").bytes()) / l.gpu.memory_per_clock() / processors;
  const Demand busy = model.demand(std::min(at_once, std::ceil(l.blocks() / processors)));
  Bound bound = busy.bound();
  if (model.latency() > busy.slowest() + assumed::kSecondLimitOfWgrad * busy.second()) {
    bound = Bound::latency;
  }
  if (memory > clocks) bound = Bound::memory;
  double seconds = std::max(clocks, memory) / l.gpu.rates.clock + assumed::kGap;
  const double partial = wgrad_partial_bytes(l);
  if (partial > assumed::kWritesCached * l.gpu.rates.cached_bytes) {
    seconds += partial / (assumed::kWriteShare * l.gpu.rates.memory);
  }
  return {.seconds = seconds,
          .bound = bound,
          .blocks_at_once = at_once,
          .waves = l.blocks() / processors / at_once};
}

}  // namespace pg::bench
