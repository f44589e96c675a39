// wgrad.cu: the tensor-core weight gradient around its kernel (wgrad_kernel.cuh).
#include "kernels/cuda/conv/wgrad/wgrad.h"

#include "kernels/cuda/conv/filters/pad_channels.h"
#include "kernels/cuda/conv/wgrad/wgrad_patch.cuh"
#include "kernels/cuda/conv/wgrad/wgrad_sums.h"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

template <typename T>
struct Buffers {
  T* low;  // null if the operand itself can be used
  T* high;
  float* partial;
  float* bias;  // null if there is no db
};

template <typename T>
Buffers<T> buffers_of(Queue& queue, const Conv2dWeightGradArgs& args, const WgradProblem& p,
                      int64_t chunks) {
  const WgradProduct product = wgrad_product(args);
  const bool pads_low = !has_packs<T>(product.low.data, p.low.c);
  const bool pads_high = !has_packs<T>(product.high.data, p.high.c);
  BufferLayout layout;
  const auto add = [&](bool wanted, int64_t count, int64_t size) {
    return layout.add(wanted ? count * size : 0);
  };
  constexpr int64_t kSize = sizeof(T), kFloat = sizeof(float);
  const int64_t low = add(pads_low, p.low.pixels() * padded_channels<T>(p.low.c), kSize);
  const int64_t high = add(pads_high, p.high.pixels() * padded_channels<T>(p.high.c), kSize);
  const int64_t partial = add(true, chunks * p.low.c * p.high.c * p.taps_h * p.taps_w, kFloat);
  const int64_t bias = add(bool{args.db}, args.db ? chunks * args.db.shape.numel() : 0, kFloat);
  char* const base = static_cast<char*>(queue.scratch(layout.bytes()));
  return {.low = pads_low ? reinterpret_cast<T*>(base + low) : nullptr,
          .high = pads_high ? reinterpret_cast<T*>(base + high) : nullptr,
          .partial = reinterpret_cast<float*>(base + partial),
          .bias = args.db ? reinterpret_cast<float*>(base + bias) : nullptr};
}

template <typename T>
const T* padded(Queue& queue, const void* data, const Shape& s, T* copy) {
  const T* const x = static_cast<const T*>(data);
  if (copy == nullptr) return x;
  pad_channels(queue, x, copy, s.pixels(), s.c);
  return copy;
}

// Of patches with `low` rows (or columns) of the low image and `high` of the high one.
PatchRange patches_inside(int64_t low, int64_t low_extent, int64_t high, int64_t high_extent,
                          int64_t stride, int64_t pad) {
  const int64_t first = ceil_div(pad, low * stride);
  const int64_t room = high_extent + pad - high;  // for the first high row of the last one
  if (room < 0) return {};
  const int64_t end = std::min(low_extent / low, room / (low * stride) + 1);
  return {static_cast<int>(first), static_cast<uint32_t>(std::max<int64_t>(0, end - first))};
}

// All parameters except the images and the buffers.
template <typename T>
WgradParams<T> params_of(const WgradProblem& p, const WgradTile& tile, const WgradPatch& patch,
                         int64_t chunks) {
  const auto i = [](int64_t v) { return static_cast<int>(v); };
  const int64_t patches = patch.count(p.low);
  const int rows = patch.high_rows(tile), columns = patch.high_columns(tile);
  WgradParams<T> a{};
  a.n = i(p.low.n);
  a.low_h = i(p.low.h);
  a.low_w = i(p.low.w);
  a.low_c = i(padded_channels<T>(p.low.c));
  a.high_h = i(p.high.h);
  a.high_w = i(p.high.w);
  a.high_c = i(padded_channels<T>(p.high.c));
  a.channels_a = i(p.low.c);
  a.channels_b = i(p.high.c);
  a.pad = i(p.pad);
  a.tiles_a = i(ceil_div(p.low.c, tile.channels_a()));
  a.log_rows = patch.log_rows;
  a.log_columns = patch.log_columns;
  a.high_rows = rows;
  a.high_columns = columns;
  a.high_pixels = i(patch.high_pixels(tile));
  a.per_row = Divider(columns);
  a.per_image = Divider(int64_t{rows} * columns);
  a.patches_h = i(ceil_div(p.low.h, patch.rows()));
  a.patches_w = i(ceil_div(p.low.w, patch.columns()));
  a.patches = i(patches);
  a.per_chunk = i(ceil_div(patches, chunks));
  a.inside_images = {0, static_cast<uint32_t>(p.low.n / patch.images)};
  a.inside_h = patches_inside(patch.rows(), p.low.h, rows, p.high.h, tile.stride, p.pad);
  a.inside_w = patches_inside(patch.columns(), p.low.w, columns, p.high.w, tile.stride, p.pad);
  return a;
}

template <typename T>
void launch_candidate(Queue& queue, const Conv2dWeightGradArgs& args,
                      const WgradCandidate& candidate) {
  const WgradProduct product = wgrad_product(args);
  const WgradProblem p = wgrad_problem(args);
  const WgradTile& tile = kWgradTiles[candidate.tile];
  const WgradPatch patch = wgrad_patch(tile, p, queue.smem_per_block());
  PG_ASSERT(patch.images > 0 && candidate.chunks >= 1);
  WgradParams<T> params = params_of<T>(p, tile, patch, candidate.chunks);
  const int64_t chunks = ceil_div(params.patches, params.per_chunk);

  const Buffers<T> buffers = buffers_of<T>(queue, args, p, chunks);
  params.low = padded<T>(queue, product.low.data, p.low, buffers.low);
  params.high = padded<T>(queue, product.high.data, p.high, buffers.high);
  params.partial = buffers.partial;
  params.bias = buffers.bias;
  params.reversed = product.reversed;
  if (args.db) params.bias_from = product.reversed ? BiasFrom::high : BiasFrom::low;

  const int64_t smem = wgrad_smem(tile, p, patch);
  if constexpr (sizeof(T) == 2) {
    launch_wgrad_bf16(queue, candidate.tile, params, chunks, smem);
  } else {
    launch_wgrad_tf32(queue, candidate.tile, params, chunks, smem);
  }
  const bool folded = product.stride == 2;
  sum_wgrad_partials(queue, {.partial = buffers.partial,
                             .chunks = chunks,
                             .taps_h = folded ? 4 : args.dw.shape.h,
                             .taps_w = folded ? 4 : args.dw.shape.w,
                             .dw = args.dw,
                             .factor = conv_scale(args.geometry),
                             .accumulate = args.accumulate,
                             .bias = bias_sums(args, buffers.bias, chunks)});
}

// Whether each image has one result, so that a filter of any size is a matrix product.
bool covers_image(const Conv2dWeightGradArgs& args) {
  const Shape &x = args.x.shape, &w = args.dw.shape;
  const ConvGeometry& g = args.geometry;
  return g.mode == ConvMode::same && g.pad == 0 && x.h == w.h && x.w == w.w;
}

}  // namespace

bool wgrad_supports(const Queue& queue, const Conv2dWeightGradArgs& args) {
  const DType t = args.dy.dtype;
  if (args.x.dtype != t || args.dw.dtype != DType::f32) return false;
  if (t != DType::bf16 && (t != DType::f32 || queue.math() != MatrixMath::tf32)) return false;
  if (!queue.uses(TensorFamily::wgrad, t)) return false;
  const Shape& w = args.dw.shape;
  if (args.geometry.mode != ConvMode::same || covers_image(args)) return true;
  return w.h == w.w && (w.h == 1 || w.h == 3);
}

WgradProblem wgrad_problem(const Conv2dWeightGradArgs& args) {
  const WgradProduct f = wgrad_product(args);
  WgradProblem p{args.dy.dtype, f.low.shape, f.high.shape, f.taps_h, f.taps_w, f.stride, f.pad};
  if (covers_image(args) || (f.taps() == 1 && f.pad == 0)) {
    p.low = {1, 1, f.low.shape.pixels(), f.low.shape.c};
    p.high = {1, 1, p.low.w, f.high.shape.numel() / p.low.w};
    p.taps_h = p.taps_w = 1;
  }
  return p;
}

void run_wgrad(Queue& queue, const Conv2dWeightGradArgs& args, const WgradCandidate& candidate) {
  if (args.dy.dtype == DType::bf16) return launch_candidate<bf16>(queue, args, candidate);
  launch_candidate<float>(queue, args, candidate);
}

}  // namespace pg::cuda
