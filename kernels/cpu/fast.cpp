// fast.cpp: which method serves which shape.
#include "kernels/cpu/fast.h"

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/im2col.h"
#include "kernels/cpu/thin.h"
#include "kernels/cpu/winograd.h"

namespace pg::cpu {

struct FastPath::Impl {
  const SimdKernels& simd;
  int threads;
  Scratch work;
  Scratch patches;

  CpuResources cpu() { return {simd, threads, work}; }
};

FastPath::FastPath(int threads) : FastPath(threads, best_isa()) {}
FastPath::FastPath(int threads, Isa isa) : impl_(new Impl{simd_kernels(isa), threads, {}, {}}) {
  PG_ASSERT(threads >= 1 && isa_available(isa));
}
FastPath::~FastPath() = default;

namespace {

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

PatchShape patch_shape(int64_t pad, const Shape& x, const Shape& w, const Shape& y) {
  return {x.n, x.h, x.w, x.c, w.h, w.w, y.h, y.w, pad};
}

float total_scale(const ConvGeometry& geometry) {
  return static_cast<float>(geometry.mode == ConvMode::down ? geometry.scale / 4 : geometry.scale);
}

}  // namespace

bool FastPath::conv2d(const Conv2dArgs& args) {
  if (!all_f32(args.x, args.w, args.y) || args.b.dtype != DType::f32) return false;
  const Shape& x = args.x.shape;
  const Shape& w = args.w.shape;
  const Shape& y = args.y.shape;
  const Method method = method_for(args.geometry, x, w, y);
  if (method == Method::none) return false;
  const float scale = total_scale(args.geometry);
  const float slope = static_cast<float>(args.slope);
  const float* in = args.x.as<float>();
  const float* filter = args.w.as<float>();
  const float* bias = args.b.as<float>();
  float* out = args.y.as<float>();
  if (method == Method::thin) {
    thin_conv(impl_->cpu(),
              {x.pixels(), w.c, w.n, in, filter, WeightUse::forward, out, scale, bias, slope});
    return true;
  }
  if (method == Method::winograd) {
    WinogradConv g{TransformIn::pixels6,
                   TransformOut::pixels6,
                   WeightUse::forward,
                   x.n,
                   x.h,
                   x.w,
                   x.c,
                   y.h,
                   y.w,
                   y.c,
                   -args.geometry.pad,
                   in,
                   filter,
                   out,
                   scale,
                   bias,
                   slope};
    if (args.geometry.mode == ConvMode::up) {
      g.in = TransformIn::lows;
      g.out = TransformOut::pixels5;
    } else if (args.geometry.mode == ConvMode::down) {
      g.in = TransformIn::pixels5;
      g.out = TransformOut::pooled;
    }
    winograd_conv(impl_->cpu(), g);
    return true;
  }
  if (method == Method::patches) {
    const PatchShape shape = patch_shape(args.geometry.pad, x, w, y);
    float* patches = impl_->patches.reserve(shape.rows() * shape.columns());
    im2col(impl_->threads, shape, in, patches);
    in = patches;
  }
  matrix_product(impl_->cpu(), {y.pixels(), w.n, w.h * w.w * w.c, in, filter, out, Transpose::no,
                                Transpose::yes, scale, false, bias, slope});
  return true;
}

bool FastPath::conv2d_input_grad(const Conv2dInputGradArgs& args) {
  if (!all_f32(args.dy, args.w, args.dx)) return false;
  const Shape& dy = args.dy.shape;
  const Shape& w = args.w.shape;
  const Shape& dx = args.dx.shape;
  const Method method = method_for(args.geometry, dx, w, dy);
  if (method == Method::none) return false;
  const float scale = total_scale(args.geometry);
  const float* in = args.dy.as<float>();
  const float* filter = args.w.as<float>();
  float* out = args.dx.as<float>();
  if (method == Method::thin) {
    thin_conv(impl_->cpu(),
              {dy.pixels(), w.n, w.c, in, filter, WeightUse::backward, out, scale, nullptr, 1.0f});
    return true;
  }
  if (method == Method::winograd) {
    // The adjoint of nearest upsampling is a sum over 2x2 pixels, that of the mean a quarter of an
    // upsampling.
    WinogradConv g{TransformIn::pixels6,
                   TransformOut::pixels6,
                   WeightUse::backward,
                   dy.n,
                   dy.h,
                   dy.w,
                   dy.c,
                   dx.h,
                   dx.w,
                   dx.c,
                   args.geometry.pad - 2,
                   in,
                   filter,
                   out,
                   scale,
                   nullptr,
                   1.0f};
    if (args.geometry.mode == ConvMode::up) {
      g.in = TransformIn::pixels5;
      g.out = TransformOut::pooled;
    } else if (args.geometry.mode == ConvMode::down) {
      g.in = TransformIn::lows;
      g.out = TransformOut::pixels5;
    }
    winograd_conv(impl_->cpu(), g);
    return true;
  }
  const PatchShape shape = patch_shape(args.geometry.pad, dx, w, dy);
  const bool scatter = method == Method::patches;
  float* product = scatter ? impl_->patches.reserve(shape.rows() * shape.columns()) : out;
  matrix_product(impl_->cpu(), {dy.pixels(), w.h * w.w * w.c, w.n, in, filter, product,
                                Transpose::no, Transpose::no, scale, false, nullptr, 1.0f});
  if (scatter) col2im(impl_->threads, shape, product, out);
  return true;
}

bool FastPath::conv2d_weight_grad(const Conv2dWeightGradArgs& args) {
  if (!all_f32(args.dy, args.x, args.dw)) return false;
  const Shape& dy = args.dy.shape;
  const Shape& x = args.x.shape;
  const Shape& dw = args.dw.shape;
  const Method method = method_for(args.geometry, x, dw, dy);
  if (method == Method::none) return false;
  const float scale = total_scale(args.geometry);
  const bool add = args.accumulate == Accumulate::add;
  const float* in = args.x.as<float>();
  const float* grad = args.dy.as<float>();
  float* out = args.dw.as<float>();
  if (method == Method::thin) {
    thin_weight_grad(impl_->cpu(), {x.pixels(), x.c, dy.c, in, grad, out, scale, add});
    return true;
  }
  if (method == Method::winograd) {
    WinogradWeightGrad g{TransformIn::pixels6,
                         TransformIn::grads6,
                         x.n,
                         x.h,
                         x.w,
                         x.c,
                         dy.h,
                         dy.w,
                         dy.c,
                         -args.geometry.pad,
                         in,
                         grad,
                         out,
                         scale,
                         add};
    if (args.geometry.mode == ConvMode::up) {
      g.in = TransformIn::lows;
      g.grad = TransformIn::grads5;
    } else if (args.geometry.mode == ConvMode::down) {
      g.in = TransformIn::pixels5;
      g.grad = TransformIn::pooled;
    }
    winograd_weight_grad(impl_->cpu(), g);
    return true;
  }
  if (method == Method::patches) {
    const PatchShape shape = patch_shape(args.geometry.pad, x, dw, dy);
    float* patches = impl_->patches.reserve(shape.rows() * shape.columns());
    im2col(impl_->threads, shape, in, patches);
    in = patches;
  }
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

}  // namespace pg::cpu
