// wgrad_plan.cpp: estimates which tile, patch and number of chunks suit a weight gradient.
//
// A block's step takes as long as its slowest resource; processors run blocks in waves. The numbers
// are those of an H200 at 1.7 GHz and only rank candidates; an autotuner may choose otherwise.
#include <algorithm>
#include <bit>

#include "kernels/cuda/conv/wgrad/wgrad.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

// Not those of the device: the number of chunks decides the order of a sum, which must not depend
// on how many processors a GPU has.
constexpr int64_t kProcessors = 132;
constexpr int64_t kMostChunks = 65535;  // of a grid

int log2_up(int64_t v) { return static_cast<int>(std::bit_width(static_cast<uint64_t>(v) - 1)); }

// Clocks of one processor for one patch.
double step_clocks(const WgradTile& t, const WgradProblem& p, const WgradPatch& patch) {
  const bool half = p.dtype == DType::bf16;
  const double pixels = t.pixels(p.element_size()), size = static_cast<double>(p.element_size());
  const double macs = pixels * t.channels_a() * t.channels_b() * t.taps();
  const double tensor = macs / (half ? 1270.0 : 635.0);
  const double warp_rows = 16.0 * t.frags_a + 8.0 * t.frags_b * t.taps();  // channels per pixel
  const double shared = pixels * t.warps_a * t.warps_b * warp_rows * size / 128.0;
  const double loaded =
      size * (pixels * t.channels_a() + static_cast<double>(patch.high_pixels(t)) * t.channels_b());
  return std::max({tensor, shared, loaded / 40.0}) + 60.0;
}

struct Plan {
  WgradCandidate candidate;
  double clocks;
};

double plan_clocks(const WgradProblem& p, const WgradTile& t, const WgradPatch& patch,
                   int64_t chunks) {
  constexpr double kProlog = 1500.0, kSumBytesPerClock = 1200.0;
  const int64_t tiles = ceil_div(p.low.c, t.channels_a()) * ceil_div(p.high.c, t.channels_b());
  const double waves = static_cast<double>(ceil_div(tiles * chunks, kProcessors));
  const double steps = static_cast<double>(ceil_div(patch.count(p.low), chunks));
  const double sums = static_cast<double>(chunks * p.low.c * p.high.c * t.taps() * 4);
  return waves * (steps * step_clocks(t, p, patch) + kProlog) + sums / kSumBytesPerClock;
}

// The best of a few numbers of chunks: 1 to 4, and those that fill one to four waves.
Plan best_plan(const WgradProblem& p, int tile, const WgradPatch& patch) {
  const WgradTile& t = kWgradTiles[tile];
  const int64_t tiles = ceil_div(p.low.c, t.channels_a()) * ceil_div(p.high.c, t.channels_b());
  const int64_t most = std::min<int64_t>(patch.count(p.low), kMostChunks);
  Plan best{{tile, 1}, plan_clocks(p, t, patch, 1)};
  for (int64_t i = 1; i <= 4; ++i) {
    for (const int64_t wanted : {i, i * kProcessors / tiles}) {
      const int64_t chunks = std::clamp<int64_t>(wanted, 1, most);
      const double clocks = plan_clocks(p, t, patch, chunks);
      if (clocks < best.clocks) best = {{tile, chunks}, clocks};
    }
  }
  return best;
}

// Whether offsets in bytes, in a patch of `rows` rows of each of `images` images, have 32 bits.
bool has_short_offsets(const Shape& s, int64_t images, int64_t rows, int64_t element_size) {
  const int64_t row = s.w * round_up(s.c, 8) * element_size;
  return ((images - 1) * s.h + rows) * row < int64_t{1} << 32;
}

bool has_taps_of(const WgradTile& t, const WgradProblem& p) {
  return t.taps_h == p.taps_h && t.taps_w == p.taps_w && t.stride == p.stride;
}

}  // namespace

int64_t WgradPatch::count(const Shape& low) const {
  return ceil_div(low.n, images) * ceil_div(low.h, rows()) * ceil_div(low.w, columns());
}

int64_t wgrad_smem(const WgradTile& t, const WgradProblem& p, const WgradPatch& patch) {
  const int64_t stage = t.pixels(p.element_size()) * (t.channels_a() + kWgradPad) +
                        patch.high_pixels(t) * (t.channels_b() + kWgradPad);
  const int64_t shared_sums =
      t.warps_k == 1 ? 0 : int64_t{t.warps_a} * t.warps_b * 32 * 4 * (t.sums() + t.bias_sums());
  return std::max(stage * t.stages * p.element_size(), shared_sums);
}

WgradPatch wgrad_patch(const WgradTile& t, const WgradProblem& p, int64_t smem) {
  const int log_pixels = log2_up(t.pixels(p.element_size()));
  WgradPatch best{0, 0, 0};
  int64_t least = 0;
  for (int columns = 0; columns <= std::min(log_pixels, log2_up(p.low.w)); ++columns) {
    for (int rows = 0; rows <= std::min(log_pixels - columns, log2_up(p.low.h)); ++rows) {
      const WgradPatch patch{rows, columns, 1 << (log_pixels - columns - rows)};
      if (wgrad_smem(t, p, patch) > smem) continue;
      if (!has_short_offsets(p.low, patch.images, patch.rows(), p.element_size()) ||
          !has_short_offsets(p.high, patch.images, patch.high_rows(t), p.element_size())) {
        continue;
      }
      const int64_t work =
          patch.count(p.low) * (4 * t.pixels(p.element_size()) + patch.high_pixels(t));
      if (best.images != 0 && work > least) continue;
      best = patch;
      least = work;
    }
  }
  return best;
}

std::vector<WgradCandidate> wgrad_candidates(const Queue& queue, const WgradProblem& p) {
  std::vector<Plan> plans;
  for (int tile = 0; tile < kWgradTileCount; ++tile) {
    if (!has_taps_of(kWgradTiles[tile], p)) continue;
    const WgradPatch patch = wgrad_patch(kWgradTiles[tile], p, queue.smem_per_block());
    if (patch.images == 0) continue;
    const Plan best = best_plan(p, tile, patch);
    plans.push_back(best);
    const int64_t most = std::min<int64_t>(patch.count(p.low), kMostChunks);
    for (const int64_t chunks : {best.candidate.chunks / 2, 2 * best.candidate.chunks}) {
      if (chunks < 1 || chunks > most) continue;
      plans.push_back({{tile, chunks}, plan_clocks(p, kWgradTiles[tile], patch, chunks)});
    }
  }
  std::stable_sort(plans.begin(), plans.end(),
                   [](const Plan& a, const Plan& b) { return a.clocks < b.clocks; });
  std::vector<WgradCandidate> candidates;
  for (const Plan& plan : plans) candidates.push_back(plan.candidate);
  return candidates;
}

}  // namespace pg::cuda
