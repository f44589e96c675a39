// parallel.h: loops over threads, and sums whose order depends only on their length.
//
// Work is cut into chunks by the caller's grain, never by the number of threads, and partial sums
// are added in index order, so every kernel gives the same bits at any number of threads. Bodies
// must not throw: an exception cannot cross a thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/math.h"

namespace pg::cpu {

// Elements in one chunk of an elementwise kernel: enough for a thread, few enough for L1.
inline constexpr int64_t kGrain = 8192;

// Calls f(begin, end) on consecutive ranges of `grain` (the last may be shorter) that cover
// [0, count), on `threads` threads.
template <typename F>
void parallel_for(int threads, int64_t count, int64_t grain, F f) {
  const int64_t chunks = ceil_div(count, grain);
  const auto run = [=](int64_t chunk) {
    F local = f;  // a local copy, so the compiler knows that no store in the body changes it
    local(chunk * grain, std::min(count, (chunk + 1) * grain));
  };
  if (threads == 1 || chunks <= 1) {
    for (int64_t chunk = 0; chunk < chunks; ++chunk) run(chunk);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t chunk = 0; chunk < chunks; ++chunk) run(chunk);
}

// Calls f(i) for each i in [0, count), any i on any thread: for few long pieces of work.
template <typename F>
void parallel_tasks(int threads, int64_t count, F f) {
  if (threads == 1 || count <= 1) {
    for (int64_t i = 0; i < count; ++i) f(i);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int64_t i = 0; i < count; ++i) f(i);
}

// Calls f(i) for each i in [0, count). Iterations must be independent: they run as vectors.
template <typename F>
void parallel_elements(int threads, int64_t count, F f) {
  parallel_for(threads, count, kGrain, [f](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) f(i);
  });
}

// Sum of f(i) over [0, count) in interleaved partial sums, added pairwise at the end. The order
// vectorises and is the same on every machine.
template <typename Acc, typename F>
Acc lane_sum(int64_t count, F f) {
  constexpr int kLanes = 16;
  Acc lane[kLanes] = {};
  const int64_t whole = count / kLanes * kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) {
#pragma omp simd
    for (int j = 0; j < kLanes; ++j) lane[j] += f(i + j);
  }
  for (int64_t i = whole; i < count; ++i) lane[i - whole] += f(i);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) lane[j] += lane[j + half];
  }
  return lane[0];
}

}  // namespace pg::cpu
