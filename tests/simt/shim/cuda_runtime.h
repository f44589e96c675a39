// Test-only stand-in for the CUDA runtime header: lets g++ compile .cu files and run them on the
// CPU.
#pragma once
#define SIMT_EMU 1
#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <tuple>
#include <type_traits>
#include <utility>
#include "simt/core.h"

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define CUDART_INF_F __builtin_inff()

// ---------------------------------------------------------------- vector types
#define SIMT_VEC(T, N, AL2, AL4)                               \
  struct alignas(AL2) N##2 {                                   \
    T x, y;                                                    \
  };                                                           \
  struct N##3 {                                                \
    T x, y, z;                                                 \
  };                                                           \
  struct alignas(AL4) N##4 {                                   \
    T x, y, z, w;                                              \
  };                                                           \
  inline N##2 make_##N##2(T x, T y) { return {x, y}; }         \
  inline N##3 make_##N##3(T x, T y, T z) { return {x, y, z}; } \
  inline N##4 make_##N##4(T x, T y, T z, T w) { return {x, y, z, w}; }
SIMT_VEC(float, float, 8, 16)
SIMT_VEC(int, int, 8, 16)
SIMT_VEC(short, short, 4, 8)
SIMT_VEC(unsigned short, ushort, 4, 8)
SIMT_VEC(unsigned char, uchar, 2, 4)
SIMT_VEC(double, double, 16, 16)
SIMT_VEC(long long, longlong, 16, 16)
#undef SIMT_VEC
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// ---------------------------------------------------------------- barriers, warp operations
#define SIMT_LOC const simt::Loc& loc_ = simt::Loc::current()
inline void __syncthreads(SIMT_LOC) { simt::barrier(0, 0, true, loc_); }
inline int __syncthreads_count(int p, SIMT_LOC) { return simt::barrier_reduce(p, 0, loc_); }
inline int __syncthreads_and(int p, SIMT_LOC) { return simt::barrier_reduce(p, 1, loc_); }
inline int __syncthreads_or(int p, SIMT_LOC) { return simt::barrier_reduce(p, 2, loc_); }

namespace simt {
template <class T>
struct Lanes {
  T in, out;
  int src;
};
template <class T>
T shfl(const char* name, unsigned mask, T v, int src, const Loc& loc) {
  static_assert(std::is_trivially_copyable_v<T>);
  Lanes<T> a{v, v, src};
  warp_collective(
      name, mask, &a,
      [](WarpCall& c) {
        for (int l = 0; l < 32; ++l)
          if (auto* me = static_cast<Lanes<T>*>(c.arg[l])) {
            if (auto* from = static_cast<Lanes<T>*>(c.arg[me->src & 31]))
              me->out = from->in;
            else
              poison(me->out);  // reading a lane that is not there: undefined
          }
      },
      loc);
  return a.out;
}
// All lanes of the mask fold their values in lane order; every lane gets the result.
template <class T, class F>
T fold(const char* name, unsigned mask, T v, F, const Loc& loc) {
  Lanes<T> a{v, v, 0};
  warp_collective(
      name, mask, &a,
      [](WarpCall& c) {
        bool first = true;
        T acc{};
        for (void* p : c.arg)
          if (p) {
            T x = static_cast<Lanes<T>*>(p)->in;
            acc = first ? x : F{}(acc, x);
            first = false;
          }
        for (void* p : c.arg)
          if (p) static_cast<Lanes<T>*>(p)->out = acc;
      },
      loc);
  return a.out;
}
inline void sync_warp(unsigned mask, const Loc& loc) {
  warp_collective(
      "__syncwarp", mask, nullptr, [](WarpCall&) {}, loc);
}
struct And {
  template <class T>
  T operator()(T a, T b) const {
    return a & b;
  }
};
struct Or {
  template <class T>
  T operator()(T a, T b) const {
    return a | b;
  }
};
struct Xor {
  template <class T>
  T operator()(T a, T b) const {
    return a ^ b;
  }
};
struct Add {
  template <class T>
  T operator()(T a, T b) const {
    return T(a + b);
  }
};
struct Min {
  template <class T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Max {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
}  // namespace simt

template <class T>
T __shfl_sync(unsigned m, T v, int src, int width = 32, SIMT_LOC) {
  int l = simt::lane_id();
  return simt::shfl("__shfl_sync", m, v, (l & ~(width - 1)) | (src & (width - 1)), loc_);
}
template <class T>
T __shfl_up_sync(unsigned m, T v, unsigned d, int width = 32, SIMT_LOC) {
  int l = simt::lane_id(), s = l - int(d);
  return simt::shfl("__shfl_up_sync", m, v, s < (l & ~(width - 1)) ? l : s, loc_);
}
template <class T>
T __shfl_down_sync(unsigned m, T v, unsigned d, int width = 32, SIMT_LOC) {
  int l = simt::lane_id(), s = l + int(d);
  return simt::shfl("__shfl_down_sync", m, v, s > (l | (width - 1)) ? l : s, loc_);
}
template <class T>
T __shfl_xor_sync(unsigned m, T v, int x, int width = 32, SIMT_LOC) {
  int l = simt::lane_id(), s = l ^ x;
  return simt::shfl("__shfl_xor_sync", m, v, s > (l | (width - 1)) ? l : s, loc_);
}
inline void __syncwarp(unsigned m = 0xffffffffu, SIMT_LOC) { simt::sync_warp(m, loc_); }
inline unsigned __ballot_sync(unsigned m, int p, SIMT_LOC) {
  return simt::fold("__ballot_sync", m, p ? 1u << simt::lane_id() : 0u, simt::Or{}, loc_);
}
inline int __any_sync(unsigned m, int p, SIMT_LOC) {
  return simt::fold("__any_sync", m, p ? 1u : 0u, simt::Or{}, loc_);
}
inline int __all_sync(unsigned m, int p, SIMT_LOC) {
  return simt::fold("__all_sync", m, p ? 1u : 0u, simt::And{}, loc_);
}
#define SIMT_REDUCE(NAME, F)                               \
  inline unsigned NAME(unsigned m, unsigned v, SIMT_LOC) { \
    return simt::fold(#NAME, m, v, F{}, loc_);             \
  }                                                        \
  inline int NAME(unsigned m, int v, SIMT_LOC) { return simt::fold(#NAME, m, v, F{}, loc_); }
SIMT_REDUCE(__reduce_add_sync, simt::Add)
SIMT_REDUCE(__reduce_min_sync, simt::Min)
SIMT_REDUCE(__reduce_max_sync, simt::Max)
SIMT_REDUCE(__reduce_and_sync, simt::And)
SIMT_REDUCE(__reduce_or_sync, simt::Or)
SIMT_REDUCE(__reduce_xor_sync, simt::Xor)
#undef SIMT_REDUCE
template <class T>
unsigned __match_any_sync(unsigned m, T v, SIMT_LOC) {
  simt::Lanes<T> a{v, v, 0};
  simt::warp_collective(
      "__match_any_sync", m, &a,
      [](simt::WarpCall& c) {
        for (void* p : c.arg)
          if (p) {
            auto* me = static_cast<simt::Lanes<T>*>(p);
            me->src = 0;
            for (int l = 0; l < 32; ++l)
              if (c.arg[l] && static_cast<simt::Lanes<T>*>(c.arg[l])->in == me->in)
                me->src |= 1 << l;
          }
      },
      loc_);
  return unsigned(a.src);
}
inline unsigned __activemask() { return 1u << simt::lane_id(); }  // the least a kernel may rely on
inline void __threadfence() {
  simt::note_fence();
  simt::maybe_yield();
}
inline void __threadfence_block() { simt::maybe_yield(); }
inline void __threadfence_system() {
  simt::note_fence();
  simt::maybe_yield();
}
inline void __nanosleep(unsigned) { simt::yield(); }
[[noreturn]] inline void __trap() { simt::fail_at(simt::Loc::current(), "__trap()"); }

// ---------------------------------------------------------------- atomics
namespace simt {
template <class T, class F>
SIMT_NO_TSAN inline T rmw(T* p, F f) {
  note_atomic(p, sizeof(T), __builtin_return_address(0));
  maybe_yield();
  T old = *p;
  *p = f(old);
  return old;
}
}  // namespace simt
#define SIMT_ID std::type_identity_t<T>
template <class T>
SIMT_NO_TSAN inline T atomicAdd(T* p, SIMT_ID v) {
  return simt::rmw(p, [=](T o) SIMT_NO_TSAN {
    if constexpr (requires { o.w; })
      return T{o.x + v.x, o.y + v.y, o.z + v.z, o.w + v.w};
    else if constexpr (requires { o.y; })
      return T{o.x + v.x, o.y + v.y};
    else
      return T(o + v);
  });
}
template <class T>
SIMT_NO_TSAN inline T atomicSub(T* p, SIMT_ID v) {
  return simt::rmw(p, [=](T o) { return T(o - v); });
}
template <class T>
SIMT_NO_TSAN inline T atomicMax(T* p, SIMT_ID v) {
  return simt::rmw(p, [=](T o) { return o < v ? v : o; });
}
template <class T>
SIMT_NO_TSAN inline T atomicMin(T* p, SIMT_ID v) {
  return simt::rmw(p, [=](T o) { return v < o ? v : o; });
}
template <class T>
SIMT_NO_TSAN inline T atomicAnd(T* p, SIMT_ID v) {
  return simt::rmw(p, [=](T o) { return T(o & v); });
}
template <class T>
SIMT_NO_TSAN inline T atomicOr(T* p, SIMT_ID v) {
  return simt::rmw(p, [=](T o) { return T(o | v); });
}
template <class T>
SIMT_NO_TSAN inline T atomicExch(T* p, SIMT_ID v) {
  return simt::rmw(p, [=](T) { return v; });
}
template <class T>
SIMT_NO_TSAN inline T atomicCAS(T* p, SIMT_ID c, SIMT_ID v) {
  return simt::rmw(p, [=](T o) { return o == c ? v : o; });
}
inline unsigned atomicInc(unsigned* p, unsigned v) {
  return simt::rmw(p, [=](unsigned o) { return o >= v ? 0u : o + 1u; });
}

// ---------------------------------------------------------------- loads, bit and float intrinsics
template <class T>
inline T __ldg(const T* p) {
  return *p;
}
template <class T>
inline T __ldcs(const T* p) {
  return *p;
}
template <class T>
inline T __ldca(const T* p) {
  return *p;
}
template <class T>
inline T __ldcg(const T* p) {
  return *p;
}
template <class T>
inline void __stcs(T* p, SIMT_ID v) {
  *p = v;
}
template <class T>
inline void __stcg(T* p, SIMT_ID v) {
  *p = v;
}
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float a) { return 1.0f / a; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __saturatef(float a) { return a < 0 || a != a ? 0.f : a > 1 ? 1.f : a; }
#define __expf(x) expf(x)  // glibc declares these names itself, so they must be macros
#define __logf(x) logf(x)
#define __log2f(x) log2f(x)
#define __powf(x, y) powf(x, y)
#define __sinf(x) sinf(x)
#define __cosf(x) cosf(x)
#define __tanhf(x) tanhf(x)
inline int __float_as_int(float f) { return std::bit_cast<int>(f); }
inline unsigned __float_as_uint(float f) { return std::bit_cast<unsigned>(f); }
inline float __int_as_float(int i) { return std::bit_cast<float>(i); }
inline float __uint_as_float(unsigned i) { return std::bit_cast<float>(i); }
inline int __float2int_rn(float f) { return int(std::nearbyint(f)); }
inline int __popc(unsigned v) { return std::popcount(v); }
inline int __popcll(unsigned long long v) { return std::popcount(v); }
inline int __clz(int v) { return std::countl_zero(unsigned(v)); }
inline int __ffs(int v) { return __builtin_ffs(v); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((uint64_t(a) * b) >> 32); }
inline long long clock64() { return 0; }
#define SIMT_MINMAX(T)                             \
  inline T min(T a, T b) { return b < a ? b : a; } \
  inline T max(T a, T b) { return a < b ? b : a; }
SIMT_MINMAX(int)
SIMT_MINMAX(unsigned) SIMT_MINMAX(long) SIMT_MINMAX(unsigned long) SIMT_MINMAX(long long)
    SIMT_MINMAX(unsigned long long) SIMT_MINMAX(float) SIMT_MINMAX(double)
#undef SIMT_MINMAX

#include "simt/host_api.h"
