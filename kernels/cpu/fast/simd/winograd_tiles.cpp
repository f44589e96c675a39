// winograd_tiles.cpp: pixels to frequencies and back, one vector of channels at a time.
//
// Tiles are processed in small groups whose pixel addresses are computed once. The address of a
// pixel outside the image points to zeros, so borders and odd sizes need no branch in the inner
// loop.
#include "kernels/cpu/fast/simd/loops.h"
#include "kernels/cpu/fast/simd/winograd_math.h"

namespace pg::cpu::PG_SIMD {
namespace {

constexpr int64_t kGroup = 8;  // tiles whose pixels stay in L2 for all channels

template <int kSide>
void find_pixels(const TransformInArgs& g, int64_t tile, const float** pixels) {
  const int64_t image = tile / (g.tiles_h * g.tiles_w);
  const int64_t row = (tile / g.tiles_w % g.tiles_h) * g.step + g.origin;
  const int64_t column = (tile % g.tiles_w) * g.step + g.origin;
  for (int64_t i = 0; i < kSide; ++i)
    for (int64_t j = 0; j < kSide; ++j) {
      const int64_t h = row + i, w = column + j;
      const bool inside = h >= 0 && h < g.h && w >= 0 && w < g.w;
      pixels[i * kSide + j] = inside ? g.x + ((image * g.h + h) * g.w + w) * g.c : g.zeros;
    }
}

template <typename T>
PG_INLINE void transform_tile(const float* const* pixels, int64_t c0, int64_t lanes, float* v,
                              int64_t v_freq) {
  Vec in[T::kIn][T::kIn], out[T::kOut][T::kOut];
#pragma GCC unroll 6
  for (int i = 0; i < T::kIn; ++i)
#pragma GCC unroll 6
    for (int j = 0; j < T::kIn; ++j) in[i][j] = load_n(pixels[i * T::kIn + j] + c0, lanes);
  transform_square<T>(in, out);
#pragma GCC unroll 6
  for (int i = 0; i < T::kOut; ++i)
#pragma GCC unroll 6
    for (int j = 0; j < T::kOut; ++j) store(v + (i * T::kOut + j) * v_freq, out[i][j]);
}

// The pixels of a tile that the previous tile of the row does not share.
template <typename T>
PG_INLINE void prefetch_tile(const float* const* pixels, int64_t c0) {
  constexpr int kShared = T::kShared;
#pragma GCC unroll 6
  for (int i = 0; i < T::kIn; ++i)
#pragma GCC unroll 6
    for (int j = kShared; j < T::kIn; ++j) __builtin_prefetch(pixels[i * T::kIn + j] + c0);
}

template <typename T>
void transform_group(const TransformInArgs& g, int64_t t0, int64_t tiles,
                     const float* (*pixels)[T::kIn * T::kIn],
                     const float* (*ahead)[T::kIn * T::kIn]) {
  const int64_t v_block = g.group * kLanes;
  float* v[kGroup];
  for (int64_t t = 0; t < tiles; ++t) {
    const int64_t row = g.slot + t0 + t;
    v[t] = g.v + row / g.group * g.v_group + row % g.group * kLanes;
  }
  int64_t c0 = 0;
  for (int64_t offset = 0; c0 + kLanes <= g.c; c0 += kLanes, offset += v_block)
    for (int64_t t = 0; t < tiles; ++t) {
      prefetch_tile<T>(ahead[t], c0);
      transform_tile<T>(pixels[t], c0, kLanes, v[t] + offset, g.v_freq);
    }
  if (c0 < g.c)
    for (int64_t t = 0; t < tiles; ++t)
      transform_tile<T>(pixels[t], c0, g.c - c0, v[t] + c0 / kLanes * v_block, g.v_freq);
}

template <typename T>
void transform_in(const TransformInArgs& g) {
  const float* pixels[2][kGroup][T::kIn * T::kIn];
  auto find_group = [&](int64_t t0) {
    for (int64_t t = t0; t < t0 + kGroup && t < g.count; ++t)
      find_pixels<T::kIn>(g, g.first + t, pixels[t / kGroup % 2][t % kGroup]);
  };
  find_group(0);
  for (int64_t t0 = 0; t0 < g.count; t0 += kGroup) {
    const int64_t tiles = g.count - t0 < kGroup ? g.count - t0 : kGroup;
    find_group(t0 + kGroup);
    const int64_t now = t0 / kGroup % 2;
    const bool last = t0 + 2 * kGroup > g.count;  // the next group is not whole
    transform_group<T>(g, t0, tiles, pixels[now], pixels[last ? now : 1 - now]);
  }
}

template <typename T>
PG_INLINE void read_frequencies(const float* m, int64_t m_freq, Vec (&half)[T::kOut][T::kIn]) {
#pragma GCC unroll 6
  for (int j = 0; j < T::kIn; ++j) {
    Vec column[T::kIn], result[T::kOut];
#pragma GCC unroll 6
    for (int i = 0; i < T::kIn; ++i) column[i] = load(m + (i * T::kIn + j) * m_freq);
    T::apply(column, result);
#pragma GCC unroll 6
    for (int i = 0; i < T::kOut; ++i) half[i][j] = result[i];
  }
}

struct Epilogue {
  Vec scale, bias, slope;
  int64_t lanes;  // of the vector, that exist in y
};

// `rows` x `columns` of the square exist in y.
template <typename T>
PG_INLINE void output_tile(const TransformOutArgs& g, const Epilogue& e, const float* m, float* y,
                           int64_t rows, int64_t columns) {
  Vec half[T::kOut][T::kIn];
  read_frequencies<T>(m, g.m_freq, half);
#pragma GCC unroll 4
  for (int i = 0; i < T::kOut; ++i) {
    Vec result[T::kOut];
    T::apply(half[i], result);
    if (i >= rows) break;
#pragma GCC unroll 4
    for (int j = 0; j < T::kOut; ++j) {
      if (j >= columns) break;
      Vec v = fma(result[j], e.scale, e.bias);
      if (g.bias != nullptr) v = leaky(v, e.slope);
      store_n(y + (i * g.q + j) * g.k, v, e.lanes);
    }
  }
}

template <typename T>
void transform_out(const TransformOutArgs& g) {
  for (int64_t t = 0; t < g.count; ++t) {
    const int64_t tile = g.first + t;
    const int64_t image = tile / (g.tiles_h * g.tiles_w);
    const int64_t row = (tile / g.tiles_w % g.tiles_h) * T::kOut;
    const int64_t column = (tile % g.tiles_w) * T::kOut;
    for (int64_t v = 0; v < g.vectors; ++v) {
      const int64_t k = g.k0 + v * kLanes;
      const int64_t lanes = g.k - k < kLanes ? g.k - k : kLanes;
      const Epilogue e{broadcast(g.scale), g.bias == nullptr ? Vec{} : load_n(g.bias + k, lanes),
                       broadcast(g.slope), lanes};
      output_tile<T>(g, e, g.m + v * g.m_vector + t * kLanes,
                     g.y + ((image * g.p + row) * g.q + column) * g.k + k, g.p - row, g.q - column);
    }
  }
}

}  // namespace

void transform_pixels6(const TransformInArgs& args) { transform_in<Pixels6In>(args); }
void transform_pixels5(const TransformInArgs& args) { transform_in<Pixels5In>(args); }
void transform_lows(const TransformInArgs& args) { transform_in<LowsIn>(args); }
void transform_grads6(const TransformInArgs& args) { transform_in<Grads6In>(args); }
void transform_grads5(const TransformInArgs& args) { transform_in<Grads5In>(args); }
void transform_pooled(const TransformInArgs& args) { transform_in<PooledIn>(args); }
void output_pixels6(const TransformOutArgs& args) { transform_out<Pixels6Out>(args); }
void output_pixels5(const TransformOutArgs& args) { transform_out<Pixels5Out>(args); }
void output_pooled(const TransformOutArgs& args) { transform_out<PooledOut>(args); }

}  // namespace pg::cpu::PG_SIMD
