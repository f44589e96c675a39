// packed_filters.h: filters in the layout of the tensor-core convolution, and their cache.
//
// A packed filter is a matrix [phase][output][tap][input] of sums of filter taps. Folding the
// resampling into the taps leaves 16 of 36 products per low-resolution pixel:
//   plain   9 taps (1 for a 1x1 filter)
//   spread  2x2 taps on the low-resolution image for each of the 4 phases of a result's position
//   gather  4x4 taps with stride 2
// Transposed filters (flipped, inputs and outputs exchanged) are for the input gradient, where
// spread becomes gather and vice versa. Sums are f32, rounded once; constant factors stay in the
// epilogue. During training Adam updates them in its own launch (adam.cu); get() packs all others.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

// forward: for fprop. transposed: for dgrad, with inputs and outputs exchanged and taps reversed.
enum class FilterUse : uint8_t { forward, transposed };

struct PackedFilter {
  ConstTensorView w;  // [K, 3, 3, C] or, for plain, [K, 1, 1, C]; f32. Its version is the copy's
  TapPattern pattern = TapPattern::plain;
  FilterUse use = FilterUse::forward;
  DType dtype = DType::bf16;  // or f32: rounded to the nearest tf32

  int64_t phases() const { return pattern == TapPattern::spread ? 4 : 1; }
  int64_t taps() const;  // of one phase
  int64_t outputs() const { return use == FilterUse::forward ? w.shape.n : w.shape.c; }
  int64_t inputs() const { return use == FilterUse::forward ? w.shape.c : w.shape.n; }
  int64_t padded_inputs() const;  // rounded up to whole packs; the rest is zero
  int64_t bytes() const;
};

// Outputs, and inputs, of a tile (filter_tile.cuh).
inline constexpr int kFilterTile = 32;

// A packed filter as the kernels that write it see it.
struct PackedCopy {
  void* data;
  TapPattern pattern;
  FilterUse use;
  DType dtype;
};

// The packed copies of filters that have a version, each at a fixed address while its shape stays
// the same. They exist until clear() or destruction; their number is bounded by that of the layers.
class PackedFilters : public QueueCache {
 public:
  explicit PackedFilters(QueueUse use = QueueUse::device) : use_(use) {}
  ~PackedFilters() override { clear(); }
  PackedFilters(const PackedFilters&) = delete;
  PackedFilters& operator=(const PackedFilters&) = delete;

  // The packed filter, packed on the queue if there is no copy of this version. Without a version
  // it is packed each time into the queue's scratch memory and valid until that is used again. The
  // first use of a filter allocates, which must not happen during a capture.
  const void* get(Queue& queue, const PackedFilter& filter);

  // A copy of a 3x3 filter that a writer of the filter may update along with it.
  struct InUse {
    const float* w;
    Shape shape;
    PackedCopy copy;
  };
  // The copies of filters within `flat` that have version flat.previous and were used since they
  // were last in such a list, sorted by address. Filters in the list are the same or do not
  // overlap: of overlapping ones only the first is listed, and the others are packed on their next
  // use.
  std::vector<InUse> in_use(const TensorView& flat);
  // Gives the copies `version`, after work that writes them has been queued.
  void mark_written(const std::vector<InUse>& list, uint64_t version);

  // Of all copies, including outgrown ones.
  int64_t bytes() const override { return bytes_; }

  // Frees the memory; no queued work and no captured graph may use it any more.
  void clear();

 private:
  struct Entry {
    void* data = nullptr;
    int64_t bytes = 0;
    Shape shape;
    uint64_t version = 0;
    bool used = false;  // since it was last in a list of in_use()
  };
  using Key = std::tuple<const void*, TapPattern, FilterUse, DType>;

  QueueUse use_;
  int64_t bytes_ = 0;
  std::map<Key, Entry> entries_;
  std::vector<void*> outgrown_;  // captured graphs may still use them
};

// The packed filters of a queue.
inline PackedFilters& packed_filters(Queue& queue) { return queue.cache<PackedFilters>(); }

}  // namespace pg::cuda
