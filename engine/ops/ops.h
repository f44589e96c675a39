// ops.h: differentiable operations on tensors.
//
// An op checks shapes and dtypes (ShapeError, DTypeError), allocates its result in the step arena,
// calls one kernel of the backend and records itself. The formulas are in kernels/*.h.
//
// Each section states which orders of gradient hold:
//   any order      the vjp consists of ops; first and second order are tested (engine/gradcheck)
//   composed       any order; the fused vjp is used only while nothing is being recorded, and the
//                  same function composed of other ops is differentiated otherwise (record_fused)
//   not recorded   no gradient: the result is a constant for the tape
#pragma once

#include <vector>

#include "engine/tape.h"

namespace pg::ops {

// --- convolution (kernels/conv.h) ---
// Any order:
// [N,H,W,C] x [K,R,S,C] -> [N,P,Q,K]
Tensor conv2d(const Tensor& x, const Tensor& w, const ConvGeometry& g);
// dy [N,P,Q,K] -> [N,H,W,C], x_shape = [N,H,W,C]
Tensor conv2d_input_grad(const Tensor& dy, const Tensor& w, const Shape& x_shape,
                         const ConvGeometry& g);
// -> w_shape = [K,R,S,C]. With `into` and outside a recorded pass, fills or adds to the destination
// and returns an empty Tensor, which is not recorded.
Tensor conv2d_weight_grad(const Tensor& dy, const Tensor& x, const Shape& w_shape,
                          const ConvGeometry& g, Destination* into = nullptr);
// lrelu(conv2d(x, w) + b), b [1,1,1,K]; slope 1: no activation
Tensor conv_bias_lrelu(const Tensor& x, const Tensor& w, const Tensor& b, const ConvGeometry& g,
                       double slope);
// Composed: pixel_norm(lrelu(conv2d(x, w) + b)), a layer of the generator
Tensor conv_bias_lrelu_pixel_norm(const Tensor& x, const Tensor& w, const Tensor& b,
                                  const ConvGeometry& g, double slope, double eps);

// --- matrix product (kernels/matmul.h); rows = n * h * w, columns = c ---
struct MatmulOptions {
  Transpose trans_a = Transpose::no, trans_b = Transpose::no;
  double scale = 1.0;
};
// Any order:
Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& o = {});
// Dense layer: scale * x w^T; x [N,1,1,C], w [K,1,1,C] -> [N,1,1,K]
Tensor dense(const Tensor& x, const Tensor& w, double scale);

// --- elementwise, of one tensor (kernels/pointwise.h) ---
// Any order:
Tensor bias_lrelu(const Tensor& x, const Tensor& b, double slope);  // b may be empty: no bias
// x * (ref > 0 ? 1 : slope); ref is a constant
Tensor leaky_gate(const Tensor& x, const Tensor& ref, double slope);
Tensor affine(const Tensor& x, double scale, double shift);  // scale * x + shift
Tensor square(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor log(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor softplus(const Tensor& x);
// x rounded to another element type (f64, f32, bf16), or x itself if it has that type. Gradients
// are converted back.
Tensor convert(const Tensor& x, DType dtype);

// --- broadcasting: extents of 1 repeat (kernels/broadcast.h) ---
// Any order:
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor broadcast_to(const Tensor& x, const Shape& shape);
// a + (b - a) * t; t [1,1,1,1] or [N,1,1,1] is a constant
Tensor lerp(const Tensor& a, const Tensor& b, const Tensor& t);
// Channels first .. first + count - 1, and the adjoint, which puts x into zeros
Tensor take_channels(const Tensor& x, int64_t first, int64_t count);
Tensor place_channels(const Tensor& x, int64_t first, int64_t total);
// x with one more channel at the end, which holds s[n]: [N,H,W,C], [N,1,1,1] -> [N,H,W,C+1]
Tensor append_channel(const Tensor& x, const Tensor& s);

// --- sums (kernels/reduce.h) ---
// Any order:
// scale * sum over the extents that are 1 in `shape`; sums of bf16 tensors are f32. With an
// unfilled `into` and outside a recorded pass, fills the destination and returns an empty Tensor.
Tensor sum_to(const Tensor& x, const Shape& shape, double scale = 1.0, Destination* into = nullptr);
Tensor mean(const Tensor& x);  // [1,1,1,1]
// Composed: sums of the squares of each sample, [N,1,1,1]
Tensor sum_squares(const Tensor& x);

// --- losses of single numbers (kernels/mean_loss.h) ---
struct MeanLoss {
  Tensor loss;   // [1,1,1,1]
  Tensor means;  // [1,1,1,terms], constants
};
// Composed; x [N,1,1,1]
MeanLoss mean_loss(const Tensor& x, std::span<const MeanTerm> terms);

// --- shapes ---
// Any order:
Tensor identity(const Tensor& x);                     // shares memory
Tensor reshape(const Tensor& x, const Shape& shape);  // shares memory
// Samples first .. first + count - 1 (shares memory), and the adjoint, which puts x into zeros
Tensor slice_batch(const Tensor& x, int64_t first, int64_t count);
Tensor place_batch(const Tensor& x, int64_t first, int64_t total);
Tensor concat_batch(const Tensor& a, const Tensor& b);

// --- normalisation (kernels/pixel_norm.h, kernels/stddev.h) ---
// Composed:
Tensor pixel_norm(const Tensor& x, double eps);
// Composed, except that the second order has a kernel too, for the gradient penalty. [N,1,1,1]
Tensor minibatch_stddev(const Tensor& x, const MinibatchStddevGeometry& g);

// --- resampling (kernels/resample.h) ---
// Any order:
Tensor upsample(const Tensor& x, int64_t factor = 2, double scale = 1.0);
Tensor avg_pool(const Tensor& x, int64_t factor = 2, double scale = 1.0);
// Composed: (1 - alpha) * upsample(lo) + alpha * hi; alpha [1,1,1,1] is a constant
Tensor fade_in(const Tensor& lo, const Tensor& hi, const Tensor& alpha);

// --- not recorded ---
void affine_in_place(const Tensor& y, double scale, double shift);  // y = scale * y + shift
void add_in_place(const Tensor& y, const Tensor& x);                // y += x
void copy_into(const Tensor& y, const Tensor& x);                   // y = x
// Gradient of pixel_norm(lrelu(x)) from its result y and its statistics r (PixelNormVjpArgs).
Tensor pixel_norm_vjp(const Tensor& dy, const Tensor& y, const Tensor& r, double slope);
// x times t, of x's acc_of type: one number, or one for each sample.
Tensor scaled(const Tensor& x, const Tensor& t);
// sums[i] += numbers[i] in f64, in one kernel; every number is a tensor of one element.
void add_scalars(const Tensor& sums, std::span<const Tensor> numbers);
// y = image bytes u8 [N,H,W,C] in [-1, 1] (kernels/images.h). mirror: u8 [N,1,1,1], or empty: no
// image is mirrored. alpha: f32 [1,1,1,1], or empty: no fade-in of real images.
void images_to_float(const Tensor& y, const Tensor& bytes, const Tensor& mirror,
                     const Tensor& alpha);

}  // namespace pg::ops
