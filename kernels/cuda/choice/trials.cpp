// trials.cpp: where the operands and results of each copy of a call lie.
#include "kernels/cuda/choice/trials.h"

#include <algorithm>
#include <tuple>
#include <type_traits>

#include "kernels/cuda/device/cuda_check.h"
#include "kernels/math.h"

namespace pg::cuda {
namespace {

// Copies are as aligned as the originals, since alignment decides which kernels support a call.
constexpr uintptr_t kAlignment = 16;
int64_t room(const ConstTensorView& v) { return v ? bytes_of(v) + int64_t{kAlignment} : 0; }
char* aligned_as(const void* original, char* copy) {
  return copy + reinterpret_cast<uintptr_t>(original) % kAlignment;
}

// The operands of a call besides filters, and its results.
auto operands(Conv2dArgs& a) { return std::tie(a.x, a.gate); }
auto operands(Conv2dInputGradArgs& a) { return std::tie(a.dy, a.gate, a.r); }
auto operands(Conv2dWeightGradArgs& a) { return std::tie(a.dy, a.x); }
auto operands(MatmulArgs& a) { return std::tie(a.a, a.b); }
auto results(Conv2dArgs& a) { return std::tie(a.y, a.r); }
auto results(Conv2dInputGradArgs& a) { return std::tie(a.dx); }
auto results(Conv2dWeightGradArgs& a) { return std::tie(a.dw, a.db); }
auto results(MatmulArgs& a) { return std::tie(a.y); }

template <typename Tuple, typename Visit>
void for_each(Tuple tuple, const Visit& visit) {
  std::apply([&](auto&... view) { (visit(view), ...); }, tuple);
}

// Whether a call may add to its results; such a call is made to overwrite others.
bool made_repeatable(Conv2dArgs&) { return false; }
bool made_repeatable(Conv2dInputGradArgs&) { return false; }
bool made_repeatable(Conv2dWeightGradArgs& a) {
  a.accumulate = a.db_accumulate = Accumulate::overwrite;
  return true;
}
bool made_repeatable(MatmulArgs& a) {
  a.accumulate = Accumulate::overwrite;
  return true;
}

}  // namespace

template <HasCandidates Args>
std::vector<Args> trials(Queue& queue, DeviceMemory& memory, const Args& call,
                         int64_t cache_bytes) {
  Args first = call;
  const bool moves_results = made_repeatable(first);
  int64_t used = 0;
  const auto use = [&](const ConstTensorView& v) { used += room(v); };
  for_each(operands(first), use);
  for_each(results(first), use);
  const int64_t wanted = ceil_div(2 * cache_bytes, std::max<int64_t>(used, 1));
  std::vector<Args> list(static_cast<size_t>(std::clamp<int64_t>(wanted, 1, kMostTrials)), first);

  // Calls `visit` for each view that moves, always in the same order.
  const auto for_each_moved = [&](const auto& visit) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) for_each(operands(list[i]), visit);
      if (i > 0 || moves_results) for_each(results(list[i]), visit);
    }
  };
  BufferLayout layout;
  std::vector<int64_t> offsets;
  for_each_moved([&](const ConstTensorView& v) { offsets.push_back(layout.add(room(v))); });
  char* const base = memory.get(layout.bytes());
  auto offset = offsets.begin();
  for_each_moved([&](auto& v) {
    char* const to = aligned_as(v.data, base + *offset++);
    if (!v) return;
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(v)>, ConstTensorView>) {
      PG_CUDA(cudaMemcpyAsync(to, v.data, static_cast<size_t>(bytes_of(v)),
                              cudaMemcpyDeviceToDevice, queue.stream()));
    }
    v.data = to;
    v.version = 0;  // not tracked
  });
  return list;
}

template std::vector<Conv2dArgs> trials(Queue&, DeviceMemory&, const Conv2dArgs&, int64_t);
template std::vector<Conv2dInputGradArgs> trials(Queue&, DeviceMemory&, const Conv2dInputGradArgs&,
                                                 int64_t);
template std::vector<Conv2dWeightGradArgs> trials(Queue&, DeviceMemory&,
                                                  const Conv2dWeightGradArgs&, int64_t);
template std::vector<MatmulArgs> trials(Queue&, DeviceMemory&, const MatmulArgs&, int64_t);

}  // namespace pg::cuda
