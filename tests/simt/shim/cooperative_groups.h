#pragma once
#include "cuda_runtime.h"
namespace cooperative_groups {
struct thread_block {
  void sync(SIMT_LOC) const { ::__syncthreads(loc_); }
  unsigned thread_rank() const {
    return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  }
  unsigned size() const { return blockDim.x * blockDim.y * blockDim.z; }
  dim3 group_index() const { return blockIdx; }
  dim3 thread_index() const { return threadIdx; }
};
inline thread_block this_thread_block() { return {}; }
template <unsigned N, class Parent = thread_block>
struct thread_block_tile {
  static_assert(N >= 1 && N <= 32 && (N & (N - 1)) == 0);
  unsigned mask() const {
    return N == 32 ? ~0u : ((1u << (N & 31)) - 1) << (simt::lane_id() & ~(N - 1));
  }
  void sync(SIMT_LOC) const { ::__syncwarp(mask(), loc_); }
  unsigned thread_rank() const { return simt::lane_id() & (N - 1); }
  static constexpr unsigned size() { return N; }
  static constexpr unsigned num_threads() { return N; }
  unsigned meta_group_rank() const { return thread_block{}.thread_rank() / N; }
  unsigned meta_group_size() const { return (thread_block{}.size() + N - 1) / N; }
  template <class T>
  T shfl(T v, int src, SIMT_LOC) const {
    return __shfl_sync(mask(), v, src, N, loc_);
  }
  template <class T>
  T shfl_down(T v, unsigned d, SIMT_LOC) const {
    return __shfl_down_sync(mask(), v, d, N, loc_);
  }
  template <class T>
  T shfl_up(T v, unsigned d, SIMT_LOC) const {
    return __shfl_up_sync(mask(), v, d, N, loc_);
  }
  template <class T>
  T shfl_xor(T v, unsigned x, SIMT_LOC) const {
    return __shfl_xor_sync(mask(), v, int(x), N, loc_);
  }
  unsigned ballot(int p, SIMT_LOC) const {
    return (__ballot_sync(mask(), p, loc_) & mask()) >> (simt::lane_id() & ~(N - 1));
  }
  int any(int p, SIMT_LOC) const { return __any_sync(mask(), p, loc_); }
  int all(int p, SIMT_LOC) const { return __all_sync(mask(), p, loc_); }
};
template <unsigned N, class P>
thread_block_tile<N, P> tiled_partition(const P&) {
  return {};
}
template <class T>
struct plus {
  T operator()(T a, T b) const { return a + b; }
};
template <class T>
struct greater {
  T operator()(T a, T b) const { return b > a ? b : a; }
};
template <class T>
struct less {
  T operator()(T a, T b) const { return b < a ? b : a; }
};
template <unsigned N, class P, class T, class F>
T reduce(const thread_block_tile<N, P>& g, T v, F f, SIMT_LOC) {
  return simt::fold("cg::reduce", g.mask(), v, f, loc_);
}
inline void sync(const thread_block& b, SIMT_LOC) { b.sync(loc_); }
}  // namespace cooperative_groups
