// packed_filters.cu: packs filters for the tensor-core convolution, and caches them.
#include "kernels/cuda/conv/filters/packed_filters.h"

#include "kernels/cuda/block/ptx.cuh"
#include "kernels/cuda/conv/filters/filter_tile.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

// --- kernels ---

__global__ void __launch_bounds__(kTileThreads)
    pack_filter_kernel(const float* __restrict__ w, TilePosition at, PackedCopy copy) {
  ptx::follow_earlier_kernels();
  alignas(16) __shared__ FilterTile tile;
  at.first_k = static_cast<int>(blockIdx.y) * kFilterTile;
  at.first_c = static_cast<int>(blockIdx.x) * kFilterTile;
  const int lane = static_cast<int>(threadIdx.x) % kFilterTile, c = at.first_c + lane;
  const int taps = at.side * at.side;
  for (int row = static_cast<int>(threadIdx.x) / kFilterTile; row < kFilterTile;
       row += kTileThreads / kFilterTile) {
    const bool inside = at.first_k + row < at.k && c < at.c;
    for (int t = 0; t < taps; ++t) {
      const int64_t i = (static_cast<int64_t>(at.first_k + row) * taps + t) * at.c + c;
      tile[t][row][lane] = inside ? w[i] : 0.0f;
    }
  }
  __syncthreads();
  write_packed(tile, at, copy);
}

// --- launchers ---

void pack_filter(Queue& queue, const PackedFilter& filter, void* out) {
  const Shape& w = filter.w.shape;
  PG_ASSERT(w.h == w.w && (w.h == 3 || (w.h == 1 && filter.pattern == TapPattern::plain)));
  const TilePosition at{.k = static_cast<int>(w.n),
                        .c = static_cast<int>(w.c),
                        .side = static_cast<int>(w.h),
                        .first_k = 0,
                        .first_c = 0};
  const LaunchShape shape{.grid = dim3(static_cast<unsigned>(ceil_div(w.c, kFilterTile)),
                                       static_cast<unsigned>(ceil_div(w.n, kFilterTile))),
                          .block = dim3(kTileThreads)};
  const PackedCopy copy{
      .data = out, .pattern = filter.pattern, .use = filter.use, .dtype = filter.dtype};
  launch(queue, pack_filter_kernel, shape, filter.w.as<float>(), at, copy);
}

}  // namespace

int64_t PackedFilter::taps() const {
  if (pattern == TapPattern::spread) return 4;
  return pattern == TapPattern::gather ? 16 : w.shape.h * w.shape.w;
}

int64_t PackedFilter::padded_inputs() const { return round_up(inputs(), 16 / size_of(dtype)); }

int64_t PackedFilter::bytes() const {
  return phases() * taps() * outputs() * padded_inputs() * size_of(dtype);
}

const void* PackedFilters::get(Queue& queue, const PackedFilter& filter) {
  PG_ASSERT(filter.dtype == DType::bf16 || filter.dtype == DType::f32);
  if (filter.w.version == 0) {
    void* const scratch = queue.scratch(filter.bytes());
    pack_filter(queue, filter, scratch);
    return scratch;
  }
  Entry& entry = entries_[{filter.w.data, filter.pattern, filter.use, filter.dtype}];
  if (entry.bytes < filter.bytes()) {
    if (entry.data != nullptr) outgrown_.push_back(entry.data);
    entry = {};
    void* data = kNowhere;
    if (use_ == QueueUse::device) PG_CUDA(cudaMalloc(&data, static_cast<size_t>(filter.bytes())));
    entry.data = data;
    entry.bytes = filter.bytes();
    bytes_ += filter.bytes();
  }
  if (entry.version != filter.w.version || entry.shape != filter.w.shape) {
    entry.version = 0;  // if the launch fails, the entry is invalid
    pack_filter(queue, filter, entry.data);
    entry.version = filter.w.version;
    entry.shape = filter.w.shape;
  }
  entry.used = true;
  return entry.data;
}

std::vector<PackedFilters::InUse> PackedFilters::in_use(const TensorView& flat) {
  const auto* const begin = flat.as<float>();
  const auto* const end = begin + flat.shape.numel();
  std::vector<InUse> list;
  const float* w = nullptr;  // the last filter of the list
  Shape shape{0, 0, 0, 0};
  for (auto it = entries_.lower_bound({begin, TapPattern{}, FilterUse{}, DType{}});
       it != entries_.end(); ++it) {
    const auto& [data, pattern, use, dtype] = it->first;
    Entry& entry = it->second;
    const auto* const first = static_cast<const float*>(data);
    if (first >= end) break;
    if (!entry.used || entry.version != flat.previous || entry.shape.h != 3) continue;
    const bool same = first == w && entry.shape == shape;
    const bool apart = w == nullptr || first - w >= shape.numel();
    if ((!same && !apart) || end - first < entry.shape.numel()) continue;
    w = first;
    shape = entry.shape;
    entry.used = false;
    list.push_back({.w = w,
                    .shape = shape,
                    .copy = {.data = entry.data, .pattern = pattern, .use = use, .dtype = dtype}});
  }
  return list;
}

void PackedFilters::mark_written(const std::vector<InUse>& list, uint64_t version) {
  for (const InUse& c : list) {
    entries_.at({c.w, c.copy.pattern, c.copy.use, c.copy.dtype}).version = version;
  }
}

void PackedFilters::clear() {
  if (use_ == QueueUse::device) {
    for (const auto& [key, entry] : entries_) cudaFree(entry.data);
    for (void* p : outgrown_) cudaFree(p);
  }
  entries_.clear();
  outgrown_.clear();
  bytes_ = 0;
}

}  // namespace pg::cuda
