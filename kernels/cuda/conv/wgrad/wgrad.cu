// wgrad.cu: the weight gradient: from and to RGB, on tensor cores, or exact; and the tensor-core
// path around its kernel (wgrad_kernel.cuh).
#include "kernels/cuda/conv/wgrad/wgrad.h"

#include "kernels/cuda/conv/direct/direct.h"
#include "kernels/cuda/conv/rgb/rgb_wgrad.h"
#include "kernels/cuda/conv/wgrad/wgrad_patch.cuh"
#include "kernels/cuda/conv/wgrad/wgrad_sums.h"
#include "kernels/cuda/device/launch.cuh"
#include "kernels/cuda/device/launchers.h"

namespace pg::cuda {
namespace {

// Rows of channels copied to 16-byte aligned, zero-filled ones, for tensors that are not (513
// channels, a view into the middle of a tensor).
template <typename T>
__global__ void pad_channels_kernel(const T* __restrict__ x, T* __restrict__ y, int64_t numel,
                                    int64_t channels, int64_t padded) {
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < numel;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t c = i % padded;
    y[i] = c < channels ? x[i / padded * channels + c] : from_acc<T>(0.0f);
  }
}

// Takes aligned pieces off a scratch buffer; with no buffer, only adds their sizes up.
class Pieces {
 public:
  explicit Pieces(void* base) : base_(static_cast<char*>(base)) {}
  template <typename T>
  T* take(int64_t count) {
    char* const at = base_ == nullptr ? nullptr : base_ + bytes_;
    bytes_ += round_up(count * static_cast<int64_t>(sizeof(T)), 256);
    return reinterpret_cast<T*>(at);
  }
  int64_t bytes() const { return bytes_; }

 private:
  char* base_;
  int64_t bytes_ = 0;
};

template <typename T>
int64_t padded_channels(const Shape& s) {
  return round_up(s.c, Vec<T>::kCount);
}

template <typename T>
bool is_aligned(const void* data, const Shape& s) {
  return pg::is_aligned(data) && s.c % Vec<T>::kCount == 0;
}

template <typename T>
struct Buffers {
  T* low;  // null where the operand itself will do
  T* high;
  float* partial;
  float* bias;

  Buffers(Pieces& pieces, const Conv2dWeightGradArgs& args, const WgradProblem& p, int64_t chunks) {
    const WgradProduct form = wgrad_product(args);
    const bool low_fits = is_aligned<T>(form.low.data, p.low);
    const bool high_fits = is_aligned<T>(form.high.data, p.high);
    low = low_fits ? nullptr : pieces.take<T>(p.low.pixels() * padded_channels<T>(p.low));
    high = high_fits ? nullptr : pieces.take<T>(p.high.pixels() * padded_channels<T>(p.high));
    partial = pieces.take<float>(chunks * p.low.c * p.high.c * p.taps_h * p.taps_w);
    bias = args.db ? pieces.take<float>(chunks * args.db.shape.numel()) : nullptr;
  }
};

template <typename T>
const T* padded(Queue& queue, const void* data, const Shape& s, T* copy) {
  const T* const x = static_cast<const T*>(data);
  if (copy == nullptr) return x;
  const int64_t c = padded_channels<T>(s), numel = s.pixels() * c;
  launch(queue, pad_channels_kernel<T>, stride_grid(queue, numel), x, copy, numel, s.c, c);
  return copy;
}

// Everything but the images and the buffers.
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
  a.low_c = i(padded_channels<T>(p.low));
  a.high_h = i(p.high.h);
  a.high_w = i(p.high.w);
  a.high_c = i(padded_channels<T>(p.high));
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
  return a;
}

template <typename T>
void run(Queue& queue, const Conv2dWeightGradArgs& args, const WgradCandidate& candidate) {
  const WgradProduct form = wgrad_product(args);
  const WgradProblem p = wgrad_problem(args);
  const WgradTile& tile = kWgradTiles[candidate.tile];
  const WgradPatch patch = wgrad_patch(tile, p, queue.smem_per_block());
  PG_ASSERT(patch.images > 0 && candidate.chunks >= 1);
  WgradParams<T> params = params_of<T>(p, tile, patch, candidate.chunks);
  const int64_t chunks = ceil_div(params.patches, params.per_chunk);

  Pieces sizes(nullptr);
  const Buffers<T> unused(sizes, args, p, chunks);
  Pieces pieces(queue.scratch(sizes.bytes()));
  const Buffers<T> buffers(pieces, args, p, chunks);
  params.low = padded<T>(queue, form.low.data, p.low, buffers.low);
  params.high = padded<T>(queue, form.high.data, p.high, buffers.high);
  params.partial = buffers.partial;
  params.bias = buffers.bias;
  params.reversed = form.reversed;
  if (args.db) params.bias_from = form.reversed ? BiasFrom::high : BiasFrom::low;

  const int64_t smem = wgrad_smem(tile, p, patch);
  if constexpr (sizeof(T) == 2) {
    launch_wgrad_bf16(queue, candidate.tile, params, chunks, smem);
  } else {
    launch_wgrad_tf32(queue, candidate.tile, params, chunks, smem);
  }
  const bool folded = form.stride == 2;
  sum_wgrad_partials(queue, {.partial = buffers.partial,
                             .chunks = chunks,
                             .taps_h = folded ? 4 : args.dw.shape.h,
                             .taps_w = folded ? 4 : args.dw.shape.w,
                             .dw = args.dw,
                             .factor = conv_scale(args.geometry),
                             .accumulate = args.accumulate});
  if (args.db) sum_bias_grad_partials(queue, args, buffers.bias, chunks);
}

// One result for each image, so that a filter of any size is a matrix product.
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
  if (args.dy.dtype == DType::bf16) return run<bf16>(queue, args, candidate);
  run<float>(queue, args, candidate);
}

void conv2d_weight_grad(Queue& queue, const Conv2dWeightGradArgs& args) {
  check_conv(args.x.shape, args.dw.shape, args.dy.shape, args.geometry);
  check_extents(args.x.shape);
  check_extents(args.dy.shape);
  PG_ASSERT(!args.db || args.db.shape.numel() == args.dy.shape.c);
  if (rgb_wgrad_supports(args)) return rgb_wgrad(queue, args);
  if (wgrad_supports(queue, args)) {
    const std::vector<WgradCandidate> ways = wgrad_candidates(queue, wgrad_problem(args));
    if (!ways.empty()) return run_wgrad(queue, args, ways.front());
  }
  direct_wgrad(queue, args);
}

}  // namespace pg::cuda
