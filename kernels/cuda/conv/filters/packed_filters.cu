// packed_filters.cu: packing of filters for the tensor-core convolution, and the cache of the
// results.
#include "kernels/cuda/conv/filters/packed_filters.h"

#include "kernels/cuda/conv/filters/filter_tile.cuh"
#include "kernels/cuda/device/launch.cuh"

namespace pg::cuda {
namespace {

__global__ void __launch_bounds__(kTileThreads)
    pack_filter_kernel(const float* __restrict__ w, TilePlace at, PackedCopy copy) {
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

void pack_filter(Queue& queue, const PackedFilter& form, void* out) {
  const Shape& w = form.w.shape;
  PG_ASSERT(w.h == w.w && (w.h == 3 || (w.h == 1 && form.form == TapPattern::plain)));
  const TilePlace at{.k = static_cast<int>(w.n),
                     .c = static_cast<int>(w.c),
                     .side = static_cast<int>(w.h),
                     .first_k = 0,
                     .first_c = 0};
  const LaunchShape shape{.grid = dim3(static_cast<unsigned>(ceil_div(w.c, kFilterTile)),
                                       static_cast<unsigned>(ceil_div(w.n, kFilterTile))),
                          .block = dim3(kTileThreads)};
  const PackedCopy copy{.data = out, .form = form.form, .use = form.use, .dtype = form.dtype};
  launch(queue, pack_filter_kernel, shape, form.w.as<float>(), at, copy);
}

}  // namespace

int64_t PackedFilter::taps() const {
  if (form == TapPattern::spread) return 4;
  return form == TapPattern::gather ? 16 : w.shape.h * w.shape.w;
}

int64_t PackedFilter::padded_inputs() const {
  const int64_t chunk = 16 / size_of(dtype);
  return round_up(inputs(), chunk);
}

int64_t PackedFilter::bytes() const {
  return phases() * taps() * outputs() * padded_inputs() * size_of(dtype);
}

const void* PackedFilters::get(Queue& queue, const PackedFilter& form) {
  PG_ASSERT(form.dtype == DType::bf16 || form.dtype == DType::f32);
  if (form.w.version == 0) {
    void* const scratch = queue.scratch(form.bytes());
    pack_filter(queue, form, scratch);
    return scratch;
  }
  Entry& entry = entries_[{form.w.data, form.form, form.use, form.dtype}];
  if (entry.bytes < form.bytes()) {
    if (entry.data != nullptr) outgrown_.push_back(entry.data);
    entry = {};
    void* data = kNowhere;
    if (use_ == QueueUse::device) PG_CUDA(cudaMalloc(&data, static_cast<size_t>(form.bytes())));
    entry.data = data;
    entry.bytes = form.bytes();
    bytes_ += form.bytes();
  }
  if (entry.version != form.w.version || entry.shape != form.w.shape) {
    entry.version = 0;  // should the launch fail, the entry holds nothing
    pack_filter(queue, form, entry.data);
    entry.version = form.w.version;
    entry.shape = form.w.shape;
  }
  entry.asked_for = true;
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
    const auto& [data, form, use, dtype] = it->first;
    Entry& entry = it->second;
    const auto* const first = static_cast<const float*>(data);
    if (first >= end) break;
    if (!entry.asked_for || entry.version != flat.previous || entry.shape.h != 3) continue;
    const bool same = first == w && entry.shape == shape;
    const bool apart = w == nullptr || first - w >= shape.numel();
    if ((!same && !apart) || end - first < entry.shape.numel()) continue;
    w = first;
    shape = entry.shape;
    entry.asked_for = false;
    list.push_back({.w = w,
                    .shape = shape,
                    .copy = {.data = entry.data, .form = form, .use = use, .dtype = dtype}});
  }
  return list;
}

void PackedFilters::made(const std::vector<InUse>& list, uint64_t version) {
  for (const InUse& form : list) {
    entries_.at({form.w, form.copy.form, form.copy.use, form.copy.dtype}).version = version;
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
