// wgrad_plan.cpp: estimates which tile, patch and number of chunks suit a weight gradient.
//
// Processors run blocks in waves. The numbers are those of an H200 at 1.7 GHz, with counts of the
// compiled loops; they only rank candidates, and an autotuner may choose otherwise.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "kernels/cuda/conv/wgrad/wgrad.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

// Not those of the device: the number of chunks decides the order of a sum, which must not depend
// on how many processors a GPU has.
constexpr int64_t kProcessors = 132;
constexpr int64_t kMostChunks = 65535;  // of a grid

int log2_up(int64_t v) { return static_cast<int>(std::bit_width(static_cast<uint64_t>(v) - 1)); }

// --- clocks of a processor ---

constexpr double kSchedulers = 4;
constexpr double kProduct = 6.45;  // clocks of a scheduler for one product of fragments
constexpr double kIssued = 0.78 * kSchedulers;          // instructions per clock
constexpr double kSharedBytes = 128, kCacheBytes = 25;  // per clock

// The work of blocks of a tile, each with `patches` patches.
class BlockClocks {
 public:
  BlockClocks(const WgradTile& t, const WgradProblem& p, const WgradPatch& patch, double patches)
      : t_(t), half_(p.dtype == DType::bf16), patches_(patches) {
    const double size = static_cast<double>(p.element_size()), pack = 16 / size;
    const double pixels = t.pixels(p.element_size());
    const double low = pixels * t.channels_a();
    const double high = static_cast<double>(patch.high_pixels(t)) * t.channels_b();
    steps_ = pixels / (half_ ? 16 : 8) / t.warps_k;
    loaded_ = (low + high) * size;
    const double threads = t.threads() * pack;
    copies_ = 70 + (half_ ? 17 : 33) * low / threads + (half_ ? 28 : 44) * high / threads;
    before_ = 400 + copies_ * (t.stages - 1);
    after_ = t.sums() * (11 + (t.warps_k > 1 ? 2 * t.warps_k : 0));
  }

  // Of so many blocks at once: the slowest resource and a part of the second slowest, or one block
  // alone, whose steps wait.
  double of(double blocks) const {
    std::array<double, 4> busy{tensor(), shared(), issued(), patches_ * loaded_ / kCacheBytes};
    std::sort(busy.begin(), busy.end());
    return std::max(alone(), blocks * (busy[3] + 0.2 * busy[2]));
  }

 private:
  double warps() const { return t_.threads() / 32.0; }
  double products() const { return t_.frags_a * t_.frags_b * t_.taps(); }  // of a step
  double step_instructions() const {
    const double loads = half_ ? t_.frags_a + t_.taps() * std::ceil(t_.frags_b / 2.0)
                               : 2 * (t_.frags_a + t_.taps() * t_.frags_b);
    return products() + t_.frags_a + loads + (half_ ? 2 : 3) * t_.taps();
  }
  double tensor() const {
    return patches_ * warps() * steps_ * products() * kProduct / kSchedulers;
  }
  double shared() const {
    const double fragments = t_.frags_a * 512 + t_.taps() * t_.frags_b * 256;
    const double traffic = loaded_ * (half_ ? 1 : 3);  // rounding reads and writes it again
    return patches_ * (warps() * steps_ * fragments + traffic) / kSharedBytes;
  }
  double issued() const {
    const double patch = copies_ + steps_ * step_instructions();
    return warps() * (patches_ * patch + before_ + after_) / kIssued;
  }
  double alone() const {
    const double patch = 80 + 1.5 * copies_ + steps_ * (50 + products() * kProduct);
    return 1200 + 1.8 * before_ + patches_ * patch + 1.6 * after_;
  }

  const WgradTile& t_;
  bool half_;
  double patches_, steps_ = 0, loaded_ = 0;     // loaded: bytes of a patch
  double copies_ = 0, before_ = 0, after_ = 0;  // instructions, of a patch and a block
};

// To write and sum the partial results of all chunks, which L2 holds up to a size.
double sum_clocks(double bytes) {
  constexpr double kWritten = 30e6, kRead = 40e6;  // more goes through memory
  return bytes / (bytes > kRead ? 1750 : 2650) + (bytes > kWritten ? bytes / 1450 : 0);
}

struct Plan {
  WgradCandidate candidate;
  double clocks;
};

int64_t tiles_of(const WgradTile& t, const WgradProblem& p) {
  return ceil_div(p.low.c, t.channels_a()) * ceil_div(p.high.c, t.channels_b());
}

double plan_clocks(const WgradProblem& p, const WgradTile& t, const WgradPatch& patch,
                   int64_t chunks) {
  constexpr int64_t kSmem = 228 << 10, kReserved = 1 << 10;  // of a processor, for each block
  const int64_t fit = std::max<int64_t>(1, kSmem / (wgrad_smem(t, p, patch) + kReserved));
  const int64_t at_once = std::min<int64_t>(t.blocks, fit), wave = kProcessors * at_once;
  const int64_t blocks = tiles_of(t, p) * chunks, rest = blocks % wave;
  const BlockClocks clocks(t, p, patch, static_cast<double>(ceil_div(patch.count(p.low), chunks)));
  double all = static_cast<double>(blocks / wave) * clocks.of(static_cast<double>(at_once));
  if (rest > 0) all += clocks.of(static_cast<double>(ceil_div(rest, kProcessors)));
  return all + sum_clocks(static_cast<double>(chunks * p.low.c * p.high.c * t.taps() * 4));
}

// The best of a few numbers of chunks: 1 to 4, and those of one to four blocks a processor.
Plan best_plan(const WgradProblem& p, int tile, const WgradPatch& patch) {
  const WgradTile& t = kWgradTiles[tile];
  const int64_t tiles = tiles_of(t, p);
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
