// vector_types.h: float4 and similar types, with the alignment of CUDA.
#pragma once

#include "tests/simt/emulator/core.h"

#define PG_SIMT_VECTOR_2_4(T, name, align2, align4)                          \
  struct alignas(align2) name##2 {                                           \
    T x, y;                                                                  \
  };                                                                         \
  struct alignas(align4) name##4 {                                           \
    T x, y, z, w;                                                            \
  };                                                                         \
  inline name##2 make_##name##2(T x, T y) { return {x, y}; }                 \
  inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; } \
  static_assert(true)
#define PG_SIMT_VECTOR(T, name, align2, align4) \
  struct name##3 {                              \
    T x, y, z;                                  \
  };                                            \
  PG_SIMT_VECTOR_2_4(T, name, align2, align4)

PG_SIMT_VECTOR(float, float, 8, 16);
PG_SIMT_VECTOR(double, double, 16, 16);
PG_SIMT_VECTOR(int, int, 8, 16);
PG_SIMT_VECTOR(short, short, 4, 8);
PG_SIMT_VECTOR(unsigned short, ushort, 4, 8);
PG_SIMT_VECTOR(unsigned char, uchar, 2, 4);
PG_SIMT_VECTOR(long long, longlong, 16, 16);
PG_SIMT_VECTOR_2_4(unsigned, uint, 8, 16);  // uint3 is the type of threadIdx (core.h)

#undef PG_SIMT_VECTOR
#undef PG_SIMT_VECTOR_2_4

inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
