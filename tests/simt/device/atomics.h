// atomics.h: atomics and fences of CUDA. One OS thread runs everything, so plain operations are
// atomic. They report their ordering to the race checker, and each may let another thread run.
#pragma once

#include <type_traits>

#include "tests/simt/emulator/race.h"

namespace pg::simt {

// Sets *p to update(*p); returns the previous value.
template <typename T, typename Update>
PG_SIMT_UNWATCHED inline T read_modify_write(T* p, Update update, const Loc& loc) {
  note_atomic(p, sizeof(T), loc);
  maybe_yield();
  const T before = *p;
  *p = update(before);
  return before;
}

template <typename T>
using Same = std::type_identity_t<T>;  // no deduction: atomicAdd(&count, 1) with an unsigned count

}  // namespace pg::simt

template <typename T>
T atomicAdd(T* p, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T old) { return static_cast<T>(old + value); }, loc);
}
template <typename T>
T atomicSub(T* p, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T old) { return static_cast<T>(old - value); }, loc);
}
template <typename T>
T atomicMax(T* p, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T old) { return old < value ? value : old; }, loc);
}
template <typename T>
T atomicMin(T* p, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T old) { return value < old ? value : old; }, loc);
}
template <typename T>
T atomicAnd(T* p, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T old) { return static_cast<T>(old & value); }, loc);
}
template <typename T>
T atomicOr(T* p, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T old) { return static_cast<T>(old | value); }, loc);
}
template <typename T>
T atomicExch(T* p, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T) { return value; }, loc);
}
template <typename T>
T atomicCAS(T* p, pg::simt::Same<T> expected, pg::simt::Same<T> value, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](T old) { return old == expected ? value : old; }, loc);
}
inline unsigned atomicInc(unsigned* p, unsigned most, PG_SIMT_LOC) {
  return pg::simt::read_modify_write(
      p, [=](unsigned old) { return old >= most ? 0u : old + 1u; }, loc);
}

inline void __threadfence() {
  pg::simt::note_fence();
  pg::simt::maybe_yield();
}
inline void __threadfence_block() { pg::simt::maybe_yield(); }
inline void __threadfence_system() { __threadfence(); }
inline void __nanosleep(unsigned) { pg::simt::yield(); }
[[noreturn]] inline void __trap(PG_SIMT_LOC) { pg::simt::fail_at(loc, pg::simt::text("__trap()")); }
