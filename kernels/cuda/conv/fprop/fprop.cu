// fprop.cu: problems, candidates and launches of the tensor-core convolution.
#include "kernels/cuda/conv/fprop/fprop.h"

#include <limits>

#include "kernels/cuda/conv/filters/pad_channels.h"
#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/conv/fprop/fprop_params.h"
#include "kernels/cuda/conv/fprop/fprop_strip.h"
#include "kernels/cuda/conv/fprop/fprop_sums.h"
#include "kernels/cuda/device/launchers.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

constexpr int64_t kMostElements = (int64_t{1} << 31) - 1;  // of a tensor in one launch

PackedFilter filter_of(const FpropProblem& p) {
  return {.w = p.w, .pattern = p.pattern, .use = p.use, .dtype = p.in.dtype};
}

// The low-resolution image; its pixels are the rows of the product.
Shape low_resolution(const FpropProblem& p) {
  return p.pattern == TapPattern::gather ? p.out.shape : p.in.shape;
}

// Channels of an input pixel as the kernels read it, in whole packs.
int64_t input_pitch(const FpropProblem& p) {
  const int64_t pack = 16 / size_of(p.in.dtype);
  return round_up(p.in.shape.c, pack);
}

bool pads_input(const FpropProblem& p) {
  return p.in.shape.c != input_pitch(p) || !is_aligned(p.in.data);
}

// The taps of a packed filter's phase.
struct TapGrid {
  int64_t down, across;
};
TapGrid taps_of(const FpropProblem& p) {
  switch (p.pattern) {
    case TapPattern::spread:
      return {2, 2};
    case TapPattern::gather:
      return {4, 4};
    case TapPattern::plain:
      break;
  }
  return {p.w.shape.h, p.w.shape.w};
}

// The division of the summed index. 264 blocks are two for each processor of an H200; parts are not
// shorter than 256 products.
struct Split {
  int64_t units_across, units;  // of kStepPacks packs: of one line of the filter, of all
  int64_t part_units;
  int64_t parts() const { return ceil_div(units, part_units); }
};
Split split_of(const FpropProblem& p) {
  constexpr int64_t kBlocks = 264, kSide = 128, kLeast = 256;
  const PackedFilter filter = filter_of(p);
  const int64_t whole = filter.taps() * filter.padded_inputs();
  const int64_t blocks = ceil_div(low_resolution(p).pixels(), kSide) *
                         ceil_div(p.out.shape.c, kSide) * filter.phases();
  const int64_t wanted = std::min(kBlocks / std::max<int64_t>(1, blocks), whole / kLeast);
  const int64_t across = ceil_div(filter.padded_inputs() * size_of(p.in.dtype), kStepPacks * 16);
  const int64_t units = across * taps_of(p).down;
  return {across, units, ceil_div(units, std::max<int64_t>(1, wanted))};
}

StripShape strip_shape(const FpropProblem& p, int64_t samples) {
  const Shape low = low_resolution(p);
  return {p.pattern, filter_of(p).taps(), p.in.shape.c, p.out.shape.c, samples, low.h, low.w};
}

// Negative: no strip fits.
double strip_time(const Queue& queue, const FpropProblem& p) {
  const StripShape shape = strip_shape(p, p.in.shape.n);
  return p.in.dtype == DType::bf16 ? strip_time<bf16>(queue, shape)
                                   : strip_time<float>(queue, shape);
}

bool norm_is_separate(const FpropProblem& p, int64_t columns) {
  return (p.r || p.vjp_r) && p.out.shape.c > columns && split_of(p).parts() == 1;
}

// Estimated time of a problem with one tile, in results of a busy processor.
template <typename Tile>
double tile_time(const Queue& queue, const FpropProblem& p) {
  const int64_t phases = p.pattern == TapPattern::spread ? 4 : 1;
  const int64_t parts = split_of(p).parts();
  const int64_t tiles = ceil_div(low_resolution(p).pixels(), Tile::kRows) *
                        ceil_div(p.out.shape.c, Tile::kColumns) * phases * parts;
  const double busiest = static_cast<double>(ceil_div(tiles, queue.processors()));
  const double one =
      busiest * Tile::kRows * Tile::kColumns / Tile::kRelativeSpeed / static_cast<double>(parts);
  constexpr double kSeparateNorm = 1.3;  // another pass over the result
  return norm_is_separate(p, Tile::kColumns) ? kSeparateNorm * one : one;
}

// Samples of one launch.
int64_t samples_at_once(const FpropProblem& p) {
  const int64_t in = p.in.shape.h * p.in.shape.w * input_pitch(p);
  const int64_t one = std::max(in, p.out.shape.numel() / p.out.shape.n);
  PG_CHECK(one <= kMostElements, ShapeError, "conv2d: image of ", one,
           " elements: expected fewer than 2^31 for tensor cores; use fewer channels");
  return std::min(p.in.shape.n, kMostElements / one);
}

template <typename T>
FpropParams<T> params_of(const FpropProblem& p, const PackedFilter& packed, const void* filter) {
  const auto as_int = [](int64_t n) { return static_cast<int>(n); };
  const Shape low = low_resolution(p);
  FpropParams<T> k{};
  k.height = as_int(p.in.shape.h);
  k.width = as_int(p.in.shape.w);
  k.channels = as_int(input_pitch(p));
  k.filter = static_cast<const T*>(filter);
  k.padded = as_int(packed.padded_inputs());
  k.depth = as_int(packed.taps()) * k.padded;
  k.across = as_int(taps_of(p).across);
  const Split split = split_of(p);
  k.units_across = as_int(split.units_across);
  k.units = as_int(split.units);
  k.part_units = as_int(split.part_units);
  k.pad = p.w.shape.h == 1 ? 0 : 1;
  k.image = Divider(low.h * low.w);
  k.row = Divider(low.w);
  const bool whole =
      p.out.shape.c * size_of(p.out.dtype) % 16 == 0 && is_aligned(p.out.data, p.gate.data);
  k.epilogue = {.out = nullptr,
                .channels = as_int(p.out.shape.c),
                .access = access_if(whole),
                .factor = static_cast<float>(p.factor),
                .b = p.b.as<float>(),
                .slope = static_cast<float>(p.slope),
                .r = nullptr,
                .norm_eps = static_cast<float>(p.norm_eps),
                .vjp_r = nullptr,
                .gate = nullptr,
                .gate_slope = static_cast<float>(p.gate_slope)};
  return k;
}

template <typename T>
void launch_packed(Queue& queue, const FpropProblem& p, const FpropParams<T>& k, int candidate) {
  if (p.pattern == TapPattern::plain)
    return launch_fprop<T, TapPattern::plain>(queue, k, candidate);
  if (p.pattern == TapPattern::spread)
    return launch_fprop<T, TapPattern::spread>(queue, k, candidate);
  launch_fprop<T, TapPattern::gather>(queue, k, candidate);
}

// Calls f(candidate) for each candidate that supports the problem and is not skipped.
template <typename F>
void for_each_candidate(const Queue& queue, const FpropProblem& p, F f) {
  const bool tiles = queue.uses(TensorFamily::fprop, p.in.dtype);
  for_each_tile([&]<typename Tile>(int index, const Tile&) {
    if (!tiles || Tile::kSharedBytes > queue.smem_per_block()) return;
    f(FpropCandidate{index, kTileNames[index], tile_time<Tile>(queue, p)});
  });
  if (!queue.uses(TensorFamily::strips, p.in.dtype) || pads_input(p)) return;
  const double time = strip_time(queue, p);
  if (time >= 0.0) f(FpropCandidate{kStripCandidate, "strip", time});
}

// Memory between the launches of one problem.
class FpropBuffer : public QueueCache {
 public:
  explicit FpropBuffer(QueueUse use) : memory_(use) {}
  char* get(int64_t bytes) { return memory_.get(bytes); }
  int64_t bytes() const override { return memory_.held_bytes(); }

 private:
  DeviceMemory memory_;
};

template <typename T>
struct Buffers {
  T* input;      // null if the tensor itself can be used
  float* parts;  // null if sums are not split
};

template <typename T>
Buffers<T> buffers_of(Queue& queue, const FpropProblem& p) {
  const Split split = split_of(p);
  const int64_t input = pads_input(p) ? samples_at_once(p) * p.in.shape.h * p.in.shape.w : 0;
  const int64_t part = p.out.shape.pixels() * part_pitch(p.out.shape.c);
  BufferLayout layout;
  const int64_t at_input = layout.add(input * input_pitch(p) * size_of(p.in.dtype));
  const int64_t at_parts = layout.add(split.parts() > 1 ? split.parts() * part * 4 : 0);
  if (layout.bytes() == 0) return {};
  char* const base = queue.cache<FpropBuffer>().get(layout.bytes());
  return {.input = input > 0 ? reinterpret_cast<T*>(base + at_input) : nullptr,
          .parts = split.parts() > 1 ? reinterpret_cast<float*>(base + at_parts) : nullptr};
}

// One launch for as many samples as 32-bit indices can address.
template <typename T>
void launch_fused(Queue& queue, const FpropProblem& p, int candidate) {
  const PackedFilter filter = filter_of(p);
  const Buffers<T> buffers = buffers_of<T>(queue, p);
  PG_ASSERT(filter.bytes() <= kMostElements);
  FpropParams<T> k = params_of<T>(p, filter, packed_filters(queue).get(queue, filter));
  const Shape in = p.in.shape, out = p.out.shape, low = low_resolution(p);
  const int64_t batch = samples_at_once(p);
  k.parts = buffers.parts;
  k.part_size = out.pixels() * part_pitch(out.c);
  PG_ASSERT(k.parts == nullptr || (batch == in.n && candidate != kStripCandidate));
  for (int64_t first = 0; first < in.n; first += batch) {
    const int64_t out_pixel = first * out.h * out.w;
    k.in = p.in.as<T>() + first * in.h * in.w * in.c;
    const int64_t samples = std::min(batch, in.n - first);
    if (buffers.input != nullptr) {
      pad_channels(queue, k.in, buffers.input, samples * in.h * in.w, in.c);
      k.in = buffers.input;
    }
    k.rows = static_cast<int>(samples * low.h * low.w);
    k.epilogue.out = p.out.as<T>() + out_pixel * out.c;
    if (p.gate) k.epilogue.gate = p.gate.as<T>() + out_pixel * out.c;
    if (p.r) k.epilogue.r = p.r.as<float>() + out_pixel;
    if (p.vjp_r) k.epilogue.vjp_r = p.vjp_r.as<float>() + out_pixel;
    if (candidate == kStripCandidate) {
      launch_strip<T>(queue, k, strip_shape(p, samples));
    } else {
      launch_packed(queue, p, k, candidate);
    }
    if (k.parts != nullptr) {
      const auto parts = static_cast<int>(split_of(p).parts());
      sum_fprop_parts(queue, {k.parts, parts, k.part_size}, k.epilogue, out);
    }
  }
}

int64_t columns_of(int candidate) {
  if (candidate == kStripCandidate) return std::numeric_limits<int64_t>::max();  // all
  int64_t columns = 0;
  for_each_tile([&]<typename Tile>(int index, const Tile&) {
    if (index == candidate) columns = Tile::kColumns;
  });
  return columns;
}

// Norm and gate as separate launches.
void norm_and_gate(Queue& queue, const FpropProblem& p) {
  const TensorView& out = p.out;
  if (p.vjp_r) {
    return pixel_norm_vjp(queue,
                          {.dy = out, .y = p.gate, .r = p.vjp_r, .dx = out, .slope = p.gate_slope});
  }
  pixel_norm(queue, {.x = out, .y = out, .r = p.r, .eps = p.norm_eps});
  if (p.gate) leaky_gate(queue, {.x = out, .ref = p.gate, .y = out, .slope = p.gate_slope});
}

}  // namespace

FpropProblem FpropProblem::of(const Conv2dArgs& a) {
  return {.pattern = tap_pattern_of(a.geometry.mode),
          .use = FilterUse::forward,
          .in = a.x,
          .w = a.w,
          .out = a.y,
          .factor = conv_scale(a.geometry),
          .b = a.b,
          .slope = a.slope,
          .r = a.r,
          .norm_eps = a.norm_eps,
          .gate = a.gate,
          .gate_slope = a.gate_slope};
}

FpropProblem FpropProblem::of(const Conv2dInputGradArgs& a) {
  return {.pattern = transposed(tap_pattern_of(a.geometry.mode)),
          .use = FilterUse::transposed,
          .in = a.dy,
          .w = a.w,
          .out = a.dx,
          .factor = conv_scale(a.geometry),
          .vjp_r = a.r,
          .gate = a.gate,
          .gate_slope = a.gate_slope};
}

bool fprop_supports(const Queue& queue, DType dtype, const Shape& w, const ConvGeometry& geometry) {
  const bool tensor =
      dtype == DType::bf16 || (dtype == DType::f32 && queue.math() == MatrixMath::tf32);
  const bool three = w.h == 3 && w.w == 3 && geometry.pad == 1;
  const bool one = w.h == 1 && w.w == 1 && geometry.pad == 0;
  return tensor && (three || (one && geometry.mode == ConvMode::same));
}

int64_t fprop_parts(const FpropProblem& problem) { return split_of(problem).parts(); }

std::vector<FpropCandidate> fprop_candidates(const Queue& queue, const FpropProblem& problem) {
  std::vector<FpropCandidate> list;
  for_each_candidate(queue, problem, [&](const FpropCandidate& c) { list.push_back(c); });
  return list;
}

int default_fprop(const Queue& queue, const FpropProblem& problem) {
  FpropCandidate best{-1, "", 0.0};
  for_each_candidate(queue, problem, [&](const FpropCandidate& c) {
    if (best.index < 0 || c.time < best.time) best = c;
  });
  return best.index;
}

void run_fprop(Queue& queue, const FpropProblem& problem, int candidate) {
  const bool separate = norm_is_separate(problem, columns_of(candidate));
  FpropProblem fused = problem;
  if (separate) {
    fused.r = {};
    fused.vjp_r = fused.gate = {};
  }
  if (problem.in.dtype == DType::bf16) {
    launch_fused<bf16>(queue, fused, candidate);
  } else {
    launch_fused<float>(queue, fused, candidate);
  }
  if (separate) norm_and_gate(queue, problem);
}

}  // namespace pg::cuda
