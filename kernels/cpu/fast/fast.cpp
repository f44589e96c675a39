// fast.cpp: the choice of a method by shape.
#include "kernels/cpu/fast/fast.h"

#include "kernels/cpu/fast/gemm.h"
#include "kernels/cpu/fast/im2col.h"
#include "kernels/cpu/fast/thin.h"
#include "kernels/cpu/fast/winograd.h"
#include "kernels/shapes.h"

namespace pg::cpu {

namespace {

PatchShape patch_shape(int64_t pad, const Shape& x, const Shape& w, const Shape& y) {
  return {x.n, x.h, x.w, x.c, w.h, w.w, y.h, y.w, pad};
}

}  // namespace

struct FastPath::Impl {
  const SimdKernels& simd;
  int threads;
  Scratch work;
  Scratch patches;

  CpuResources cpu() { return {simd, threads, work}; }

  const float* patches_of(int64_t pad, const ConstTensorView& x, const Shape& w, const Shape& y) {
    const PatchShape shape = patch_shape(pad, x.shape, w, y);
    float* rows = patches.reserve(shape.rows() * shape.columns());
    if (!patches.measures()) im2col(threads, shape, x.as<float>(), rows);
    return rows;
  }
};

FastPath::FastPath(int threads, ScratchUse use) : FastPath(threads, best_isa(), use) {}
FastPath::FastPath(int threads, Isa isa, ScratchUse use)
    : impl_(new Impl{simd_kernels(isa), threads, Scratch(use), Scratch(use)}) {
  PG_ASSERT(threads >= 1 && isa_available(isa));
}
FastPath::~FastPath() = default;

int64_t FastPath::bytes() const { return impl_->work.bytes() + impl_->patches.bytes(); }

namespace {

constexpr int64_t kNormGrain = 8192;                // elements of a thread at a time
constexpr int64_t kMostPatches = int64_t{1} << 26;  // elements of an im2col matrix: 256 MiB

bool all_f32(ConstTensorView a, ConstTensorView b, ConstTensorView c) {
  return a.dtype == DType::f32 && b.dtype == DType::f32 && c.dtype == DType::f32;
}

enum class Method : uint8_t { none, winograd, thin, dense, patches };

Method method_for(const ConvGeometry& geometry, const Shape& x, const Shape& w, const Shape& y) {
  if (x.numel() == 0 || w.numel() == 0 || y.numel() == 0) return Method::none;
  if (w.h == 3 && w.w == 3) {
    if (geometry.mode != ConvMode::same) return Method::winograd;
    if (geometry.pad <= 2) return Method::winograd;
  }
  if (geometry.mode != ConvMode::same) return Method::none;
  if (w.h == 1 && w.w == 1 && geometry.pad == 0)
    return w.n <= kMaxThin || w.c <= kMaxThin ? Method::thin : Method::dense;
  return y.pixels() * w.h * w.w * w.c <= kMostPatches ? Method::patches : Method::none;
}

float total_scale(const ConvGeometry& geometry) { return static_cast<float>(conv_scale(geometry)); }

// The adjoint of nearest upsampling is a sum over 2x2 pixels, and that of the mean is a quarter of
// an upsampling, so the input gradient of up has the structure of down, and the reverse.
void choose_transforms(ConvMode mode, WinogradConv& g) {
  const bool forward = g.use == WeightUse::forward;
  g.in = TransformIn::pixels6;
  g.out = TransformOut::pixels6;
  if (mode == ConvMode::same) return;
  const bool upsamples = (mode == ConvMode::up) == forward;
  g.in = upsamples ? TransformIn::lows : TransformIn::pixels5;
  g.out = upsamples ? TransformOut::pixels5 : TransformOut::pooled;
}

void choose_transforms(ConvMode mode, WinogradWeightGrad& g) {
  g.in = TransformIn::pixels6;
  g.grad = TransformIn::grads6;
  if (mode == ConvMode::same) return;
  g.in = mode == ConvMode::up ? TransformIn::lows : TransformIn::pixels5;
  g.grad = mode == ConvMode::up ? TransformIn::grads5 : TransformIn::pooled;
}

// g.n, h, w, c from the input of a pass, g.p, q, k from its output.
template <typename G>
void set_extents(const Shape& in, const Shape& out, G& g) {
  g.n = in.n;
  g.h = in.h;
  g.w = in.w;
  g.c = in.c;
  g.p = out.h;
  g.q = out.w;
  g.k = out.c;
}

WinogradConv winograd_args(const Conv2dArgs& args) {
  WinogradConv g{};
  g.use = WeightUse::forward;
  set_extents(args.x.shape, args.y.shape, g);
  choose_transforms(args.geometry.mode, g);
  g.origin = -args.geometry.pad;
  g.x = args.x.as<float>();
  g.filter = args.w.as<float>();
  g.y = args.y.as<float>();
  g.scale = total_scale(args.geometry);
  g.bias = args.b.as<float>();
  g.slope = static_cast<float>(args.slope);
  return g;
}

WinogradConv winograd_args(const Conv2dInputGradArgs& args) {
  WinogradConv g{};
  g.use = WeightUse::backward;
  set_extents(args.dy.shape, args.dx.shape, g);
  choose_transforms(args.geometry.mode, g);
  g.origin = args.geometry.pad - 2;
  g.x = args.dy.as<float>();
  g.filter = args.w.as<float>();
  g.y = args.dx.as<float>();
  g.scale = total_scale(args.geometry);
  return g;
}

WinogradWeightGrad winograd_args(const Conv2dWeightGradArgs& args) {
  WinogradWeightGrad g{};
  set_extents(args.x.shape, args.dy.shape, g);
  choose_transforms(args.geometry.mode, g);
  g.origin = -args.geometry.pad;
  g.x = args.x.as<float>();
  g.dy = args.dy.as<float>();
  g.dw = args.dw.as<float>();
  g.scale = total_scale(args.geometry);
  g.add = args.accumulate == Accumulate::add;
  return g;
}

}  // namespace

bool FastPath::conv2d(const Conv2dArgs& args) {
  if (!all_f32(args.x, args.w, args.y) || args.b.dtype != DType::f32) return false;
  const Shape& w = args.w.shape;
  const Shape& y = args.y.shape;
  const Method method = method_for(args.geometry, args.x.shape, w, y);
  if (method == Method::none) return false;
  if (method == Method::winograd) {
    winograd_conv(impl_->cpu(), winograd_args(args));
    return true;
  }
  const float scale = total_scale(args.geometry), slope = static_cast<float>(args.slope);
  const float* in = args.x.as<float>();
  const float* filter = args.w.as<float>();
  const float* bias = args.b.as<float>();
  float* out = args.y.as<float>();
  if (method == Method::thin) {
    thin_conv(impl_->cpu(),
              {y.pixels(), w.c, w.n, in, filter, WeightUse::forward, out, scale, bias, slope});
    return true;
  }
  if (method == Method::patches) in = impl_->patches_of(args.geometry.pad, args.x, w, y);
  matrix_product(impl_->cpu(), {y.pixels(), w.n, w.h * w.w * w.c, in, filter, out, Transpose::no,
                                Transpose::yes, scale, false, bias, slope});
  return true;
}

bool FastPath::conv2d_input_grad(const Conv2dInputGradArgs& args) {
  if (!all_f32(args.dy, args.w, args.dx)) return false;
  const Shape& dy = args.dy.shape;
  const Shape& w = args.w.shape;
  const Method method = method_for(args.geometry, args.dx.shape, w, dy);
  if (method == Method::none) return false;
  if (method == Method::winograd) {
    winograd_conv(impl_->cpu(), winograd_args(args));
    return true;
  }
  const float scale = total_scale(args.geometry);
  const float* in = args.dy.as<float>();
  const float* filter = args.w.as<float>();
  float* out = args.dx.as<float>();
  if (method == Method::thin) {
    thin_conv(impl_->cpu(),
              {dy.pixels(), w.n, w.c, in, filter, WeightUse::backward, out, scale, nullptr, 1.0f});
    return true;
  }
  const PatchShape shape = patch_shape(args.geometry.pad, args.dx.shape, w, dy);
  const bool scatters = method == Method::patches;
  float* product = scatters ? impl_->patches.reserve(shape.rows() * shape.columns()) : out;
  matrix_product(impl_->cpu(), {dy.pixels(), w.h * w.w * w.c, w.n, in, filter, product,
                                Transpose::no, Transpose::no, scale, false, nullptr, 1.0f});
  if (scatters && product != nullptr) col2im(impl_->threads, shape, product, out);
  return true;
}

bool FastPath::conv2d_weight_grad(const Conv2dWeightGradArgs& args) {
  if (!all_f32(args.dy, args.x, args.dw)) return false;
  const Shape& dy = args.dy.shape;
  const Shape& dw = args.dw.shape;
  const Method method = method_for(args.geometry, args.x.shape, dw, dy);
  if (method == Method::none) return false;
  if (method == Method::winograd) {
    winograd_weight_grad(impl_->cpu(), winograd_args(args));
    return true;
  }
  const float scale = total_scale(args.geometry);
  const bool add = args.accumulate == Accumulate::add;
  const float* in = args.x.as<float>();
  const float* grad = args.dy.as<float>();
  float* out = args.dw.as<float>();
  if (method == Method::thin) {
    thin_weight_grad(impl_->cpu(), {dy.pixels(), dw.c, dw.n, in, grad, out, scale, add});
    return true;
  }
  if (method == Method::patches) in = impl_->patches_of(args.geometry.pad, args.x, dw, dy);
  matrix_product(impl_->cpu(), {dw.n, dw.h * dw.w * dw.c, dy.pixels(), grad, in, out,
                                Transpose::yes, Transpose::no, scale, add, nullptr, 1.0f});
  return true;
}

bool FastPath::matmul(const MatmulArgs& args) {
  if (!all_f32(args.a, args.b, args.y) || args.y.shape.numel() == 0) return false;
  const Shape& a = args.a.shape;
  const int64_t depth = args.trans_a == Transpose::no ? a.c : a.pixels();
  if (depth == 0) return false;
  matrix_product(impl_->cpu(), {args.y.shape.pixels(), args.y.shape.c, depth, args.a.as<float>(),
                                args.b.as<float>(), args.y.as<float>(), args.trans_a, args.trans_b,
                                static_cast<float>(args.scale), args.accumulate == Accumulate::add,
                                nullptr, 1.0f});
  return true;
}

bool FastPath::pixel_norm(const PixelNormArgs& args) {
  if (args.y.dtype != DType::f32) return false;
  if (impl_->work.measures()) return true;
  const int64_t channels = args.x.shape.c;
  const PixelNormRowsArgs all{.x = args.x.as<float>(),
                              .y = args.y.as<float>(),
                              .r = args.r ? args.r.as<float>() : nullptr,
                              .channels = channels,
                              .pixels = args.x.shape.pixels(),
                              .eps = static_cast<float>(args.eps)};
  const int64_t grain = std::max<int64_t>(1, kNormGrain / channels);
#pragma omp parallel for schedule(static) num_threads(impl_->threads)
  for (int64_t begin = 0; begin < all.pixels; begin += grain) {
    impl_->simd.pixel_norm({.x = all.x + begin * channels,
                            .y = all.y + begin * channels,
                            .r = all.r != nullptr ? all.r + begin : nullptr,
                            .channels = channels,
                            .pixels = std::min(grain, all.pixels - begin),
                            .eps = all.eps});
  }
  return true;
}

}  // namespace pg::cpu
