// simd.h: the table of inner loops, compiled once for each instruction set.
//
// Blocked layout: a matrix of `rows` x `channels` is stored [channels / lanes][rows][lanes], so a
// transform writes whole vectors and the matrix product reads its rows at constant offsets.
// All memory is f32. Nothing here allocates or starts threads.
#pragma once

#include <cstdint>

namespace pg::cpu {

enum class Isa : uint8_t { sse2, avx2, avx512 };

// c (+)= a * b with a grouped (a_group floats between groups of `group` rows, at most max_rows),
// b [depth][vectors * lanes] with row stride b_row, c element (i, v, lane) at
// c[i * c_row + v * c_vector + lane]. vectors is 1 or 2.
struct GemmRowsArgs {
  const float* a;
  int64_t group, a_group;
  const float* b;
  int64_t b_row;
  float* c;
  int64_t c_row, c_vector;
  int64_t rows, depth, vectors;
  bool add;
  int64_t a_ahead, b_ahead;  // offsets of the next call's data, to prefetch; 0: already cached
};

// c (+)= a^T * b: element (i, l) of a^T at a[(i / lanes) * a_block + l * a_step + i % lanes],
// vector (l, v) of b at b + l * b_step + v * b_vector, c as above. Any number of rows and vectors.
struct GemmColsArgs {
  const float* a;
  int64_t a_block, a_step;
  const float* b;
  int64_t b_vector, b_step;
  float* c;
  int64_t c_row, c_vector;
  int64_t rows, depth, vectors;
  bool add;
  int64_t a_ahead, b_ahead;  // as above
};

// Winograd F(4x4, 3x3) with points 0, 1, -1, 2, -2, inf. A transform along both axes maps a square
// of pixels to 6 x 6 frequencies, or to the 5 x 5 without the point -1, where nearest upsampling
// and 2x2 pooling have a zero.
//   pixels6   6 input pixels -> 6            lows      4 low-resolution input pixels -> 5
//   pixels5   6 input pixels -> 5            grads6    4 output cotangents -> 6
//   grads5    4 output cotangents -> 5       pooled    2 pooled output cotangents -> 5
enum class TransformIn : uint8_t { pixels6, pixels5, lows, grads6, grads5, pooled };
inline constexpr int kTransformsIn = 6;

// Tiles [first, first + count) of an image batch [n, h, w, c], in the order n, row, column. Tile
// (i, j) reads pixels from (i * step + origin, j * step + origin); outside the image they are zero.
// Vector (frequency f, block cb, tile t) goes to v + f * v_freq + cb * v_block + (t - first) *
// lanes.
struct TransformInArgs {
  const float* x;
  int64_t h, w, c;
  int64_t tiles_h, tiles_w, step, origin;
  int64_t first, count;
  float* v;
  int64_t v_freq, group, v_group, slot;
  const float* zeros;  // at least c + lanes zeros
};

//   pixels6  6 frequencies -> 4 output pixels    pixels5  5 -> 4    pooled  5 -> 2 sums of pairs
enum class TransformOut : uint8_t { pixels6, pixels5, pooled };
inline constexpr int kTransformsOut = 3;

// y = scale * transform of m, then lrelu(y + bias) where bias is given; pixels past p x q are
// dropped. Vector (f, v, t) of m is at m + f * m_freq + v * m_vector + (t - first) * lanes and
// gives channels k0 + v * lanes and on.
struct TransformOutArgs {
  const float* m;
  int64_t m_freq, m_vector;
  int64_t tiles_h, tiles_w, first, count;
  float* y;
  int64_t p, q, k;
  int64_t k0, vectors;
  float scale;
  const float* bias;  // [k] or null
  float slope;
};

// Weights [k, 3, 3, c] to a panel u[f][depth][2 * lanes]. forward: depth runs over c and the
// columns are k from `first` on; backward (data gradient): depth over k, columns c, filter rotated
// by 180 degrees. Columns past the end are zero.
enum class WeightUse : uint8_t { forward, backward };
struct TransformWeightArgs {
  const float* w;
  int64_t k, c;
  int64_t first;
  float* u;
  int64_t u_freq;
};

// dw[k0 .., 3, 3, c0 ..] (+)= scale * transform of du, whose vector (f, row, v) is at
// du + f * du_freq + row * du_row + v * lanes.
struct TransformWeightGradArgs {
  const float* du;
  int64_t du_freq, du_row;
  int64_t rows, vectors;
  float* dw;  // [k, 3, 3, c]
  int64_t c, k0, c0;
  float scale;
  bool add;
};

// c[i, j] (+)= sum over l of a[i, l] * b[j, l], in lanes along l.
struct DotsArgs {
  const float* a;
  int64_t a_row;
  const float* b;
  int64_t b_row;
  float* c;
  int64_t c_row;
  int64_t rows, columns, depth;
  bool add;
};

// y[i, 0..columns) (+)= scale * c, then lrelu(. + bias) where bias is given.
struct FinishArgs {
  const float* c;
  int64_t c_row;
  float* y;
  int64_t y_row, rows, columns;
  float scale;
  const float* bias;  // [columns] or null
  float slope;
  bool add;
};

// Products with at most four channels on one side ("thin"), any number on the other ("wide").
inline constexpr int64_t kMaxThin = 4;
//   widen   wide[p, j] = lrelu(scale * sum over i of thin[p, i] * w[i, j] + bias[j])
//   narrow  thin[p, i] = lrelu(scale * sum over j of wide[p, j] * w[i, j] + bias[i])
//   outer   w[i, j] = sum over p of thin[p, i] * wide[p, j]
// The caller gives w as [thin, wide_padded], wide_padded a multiple of lanes, padded with zeros.
struct ThinArgs {
  const float* in;    // widen: thin; narrow: wide; outer: wide
  const float* thin;  // only for outer
  float* out;         // outer: [thin, wide_padded]
  const float* w;
  int64_t pixels, thin_channels, wide_channels;
  float scale;
  const float* bias;  // or null
  float slope;
};

// y = x / sqrt(mean of x^2 over the channels of a pixel + eps), and r, that factor, unless null. y
// may be x. All instruction sets give the same bits.
struct PixelNormRowsArgs {
  const float* x;
  float* y;
  float* r;
  int64_t channels, pixels;
  float eps;
};

struct SimdKernels {
  int64_t lanes;
  int64_t max_rows;  // of one register tile of gemm_rows
  void (*gemm_rows)(const GemmRowsArgs&);
  void (*gemm_cols)(const GemmColsArgs&);
  void (*transform_in[kTransformsIn])(const TransformInArgs&);
  void (*transform_out[kTransformsOut])(const TransformOutArgs&);
  void (*transform_weight6[2])(const TransformWeightArgs&);  // by WeightUse
  void (*transform_weight5[2])(const TransformWeightArgs&);
  void (*transform_weight_grad6)(const TransformWeightGradArgs&);
  void (*transform_weight_grad5)(const TransformWeightGradArgs&);
  void (*dots)(const DotsArgs&);
  void (*finish)(const FinishArgs&);
  void (*widen)(const ThinArgs&);
  void (*narrow)(const ThinArgs&);
  void (*outer)(const ThinArgs&);
  void (*pixel_norm)(const PixelNormRowsArgs&);
};

namespace sse2 {
extern const SimdKernels kTable;
}
namespace avx2 {
extern const SimdKernels kTable;
}
namespace avx512 {
extern const SimdKernels kTable;
}

bool isa_available(Isa isa);
Isa best_isa();
const SimdKernels& simd_kernels(Isa isa);
const char* name_of(Isa isa);

}  // namespace pg::cpu
