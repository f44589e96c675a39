// warp.h: barriers, shuffles, votes and reductions of CUDA, built on barrier() and
// warp_collective().
#pragma once

#include <type_traits>

#include "tests/simt/emulator/race.h"

inline void __syncthreads(PG_SIMT_LOC) { pg::simt::barrier(0, loc); }
inline int __syncthreads_count(int predicate, PG_SIMT_LOC) {
  return pg::simt::barrier(predicate != 0 ? 1 : 0, loc).votes;
}
inline int __syncthreads_or(int predicate, PG_SIMT_LOC) {
  return pg::simt::barrier(predicate != 0 ? 1 : 0, loc).votes != 0 ? 1 : 0;
}
inline int __syncthreads_and(int predicate, PG_SIMT_LOC) {
  const pg::simt::BarrierResult result = pg::simt::barrier(predicate != 0 ? 1 : 0, loc);
  return result.votes == result.threads ? 1 : 0;
}
inline void __syncwarp(unsigned mask = pg::simt::kWholeWarp, PG_SIMT_LOC) {
  pg::simt::warp_collective(
      {.name = "__syncwarp", .mask = mask, .arg = nullptr, .resolve = nullptr}, loc);
}

namespace pg::simt {

template <typename T>
struct LaneValue {
  T in, out;
  int source;
};

// Each lane gets the value of its `source` lane, or poison if that lane does not take part.
template <typename T>
T shuffle(const char* name, unsigned mask, T value, int source, const Loc& loc) {
  static_assert(std::is_trivially_copyable_v<T>);
  LaneValue<T> mine{value, value, source};
  const Resolve resolve = [](WarpCall& call) {
    for (void* arg : call.arg) {
      if (arg == nullptr) continue;
      auto* const to = static_cast<LaneValue<T>*>(arg);
      const auto from = static_cast<unsigned>(to->source) % kLanes;
      if (call.arg[from] != nullptr) {
        to->out = static_cast<const LaneValue<T>*>(call.arg[from])->in;
      } else {
        poison(to->out);
      }
    }
  };
  warp_collective({.name = name, .mask = mask, .arg = &mine, .resolve = resolve}, loc);
  return mine.out;
}

// Combines the values of the lanes of the mask in lane order; each lane gets the result.
template <typename T, typename Combine>
T fold(const char* name, unsigned mask, T value, Combine, const Loc& loc) {
  LaneValue<T> mine{value, value, 0};
  const Resolve resolve = [](WarpCall& call) {
    T result{};
    bool first = true;
    for (const void* arg : call.arg) {
      if (arg == nullptr) continue;
      const T in = static_cast<const LaneValue<T>*>(arg)->in;
      result = first ? in : Combine{}(result, in);
      first = false;
    }
    for (void* arg : call.arg) {
      if (arg != nullptr) static_cast<LaneValue<T>*>(arg)->out = result;
    }
  };
  warp_collective({.name = name, .mask = mask, .arg = &mine, .resolve = resolve}, loc);
  return mine.out;
}

struct And {
  unsigned operator()(unsigned a, unsigned b) const { return a & b; }
};
struct Or {
  unsigned operator()(unsigned a, unsigned b) const { return a | b; }
};
struct Xor {
  unsigned operator()(unsigned a, unsigned b) const { return a ^ b; }
};
struct Add {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a + b);
  }
};
struct Min {
  template <typename T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Max {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

inline int lane() { return static_cast<int>(lane_id()); }

}  // namespace pg::simt

template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, PG_SIMT_LOC) {
  const int base = pg::simt::lane() & ~(width - 1);
  return pg::simt::shuffle("__shfl_sync", mask, value, base | (source & (width - 1)), loc);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, PG_SIMT_LOC) {
  const int lane = pg::simt::lane(), source = lane - static_cast<int>(delta);
  const bool inside = source >= (lane & ~(width - 1));
  return pg::simt::shuffle("__shfl_up_sync", mask, value, inside ? source : lane, loc);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, PG_SIMT_LOC) {
  const int lane = pg::simt::lane(), source = lane + static_cast<int>(delta);
  const bool inside = source <= (lane | (width - 1));
  return pg::simt::shuffle("__shfl_down_sync", mask, value, inside ? source : lane, loc);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, PG_SIMT_LOC) {
  const int lane = pg::simt::lane(), source = lane ^ bits;
  const bool inside = source <= (lane | (width - 1));
  return pg::simt::shuffle("__shfl_xor_sync", mask, value, inside ? source : lane, loc);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, PG_SIMT_LOC) {
  const unsigned bit = predicate != 0 ? 1u << pg::simt::lane_id() : 0u;
  return pg::simt::fold("__ballot_sync", mask, bit, pg::simt::Or{}, loc);
}
inline int __any_sync(unsigned mask, int predicate, PG_SIMT_LOC) {
  return pg::simt::fold("__any_sync", mask, predicate != 0 ? 1 : 0, pg::simt::Max{}, loc);
}
inline int __all_sync(unsigned mask, int predicate, PG_SIMT_LOC) {
  return pg::simt::fold("__all_sync", mask, predicate != 0 ? 1 : 0, pg::simt::Min{}, loc);
}

#define PG_SIMT_REDUCE(T, name, Combine)                                 \
  inline T name(unsigned mask, T value, PG_SIMT_LOC) {                   \
    return pg::simt::fold(#name, mask, value, pg::simt::Combine{}, loc); \
  }                                                                      \
  static_assert(true)
PG_SIMT_REDUCE(int, __reduce_add_sync, Add);
PG_SIMT_REDUCE(int, __reduce_min_sync, Min);
PG_SIMT_REDUCE(int, __reduce_max_sync, Max);
PG_SIMT_REDUCE(unsigned, __reduce_add_sync, Add);
PG_SIMT_REDUCE(unsigned, __reduce_min_sync, Min);
PG_SIMT_REDUCE(unsigned, __reduce_max_sync, Max);
PG_SIMT_REDUCE(unsigned, __reduce_and_sync, And);
PG_SIMT_REDUCE(unsigned, __reduce_or_sync, Or);
PG_SIMT_REDUCE(unsigned, __reduce_xor_sync, Xor);
#undef PG_SIMT_REDUCE
