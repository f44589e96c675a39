#pragma once
#include "../cuda_runtime.h"
// Subset of CUB with the same contract: the result is valid in thread 0 (lane 0) only, and the
// caller must synchronise before the temporary storage is used again.
namespace cub {
template <class T, int N = 32>
struct WarpReduce {
  struct TempStorage {};
  WarpReduce(TempStorage&) {}
  template <class F>
  T Reduce(T v, F f, SIMT_LOC) {
    unsigned m = N == 32 ? ~0u : ((1u << (N & 31)) - 1) << (simt::lane_id() & ~(N - 1));
    T r = simt::fold("cub::WarpReduce", m, v, f, loc_);
    if (simt::lane_id() % N) simt::poison(r);
    return r;
  }
  T Sum(T v, SIMT_LOC) { return Reduce(v, simt::Add{}, loc_); }
};
template <class T, int X, int Y = 1, int Z = 1>
struct BlockShim {
  struct TempStorage {
    T v[X * Y * Z];
  };
  TempStorage& t;
  unsigned tid = threadIdx.x + X * (threadIdx.y + Y * threadIdx.z);
  BlockShim(TempStorage& s) : t(s) {}
  template <class F>
  T reduce(T v, F f, const simt::Loc& loc) {
    t.v[tid] = v;
    simt::barrier(0, 0, true, loc);
    T r;
    simt::poison(r);
    if (tid == 0) {
      r = t.v[0];
      for (int i = 1; i < X * Y * Z; ++i) r = f(r, t.v[i]);
    }
    return r;
  }
  template <class F>
  T scan(T v, F f, bool inclusive, T init, const simt::Loc& loc) {
    t.v[tid] = v;
    simt::barrier(0, 0, true, loc);
    T r = init;
    for (unsigned i = 0; i < tid + inclusive; ++i) r = f(r, t.v[i]);
    return r;
  }
};
template <class T, int X, int A = 0, int Y = 1, int Z = 1>
struct BlockReduce : BlockShim<T, X, Y, Z> {
  using B = BlockShim<T, X, Y, Z>;
  using B::B;
  template <class F>
  T Reduce(T v, F f, SIMT_LOC) {
    return B::reduce(v, f, loc_);
  }
  T Sum(T v, SIMT_LOC) { return B::reduce(v, simt::Add{}, loc_); }
};
template <class T, int X, int A = 0, int Y = 1, int Z = 1>
struct BlockScan : BlockShim<T, X, Y, Z> {
  using B = BlockShim<T, X, Y, Z>;
  using B::B;
  void InclusiveSum(T v, T& out, SIMT_LOC) { out = B::scan(v, simt::Add{}, true, T(0), loc_); }
  void ExclusiveSum(T v, T& out, SIMT_LOC) { out = B::scan(v, simt::Add{}, false, T(0), loc_); }
};
}  // namespace cub
