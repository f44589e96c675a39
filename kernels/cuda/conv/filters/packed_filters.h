// packed_filters.h: filters as the tensor-core convolution wants them, and their cache.
//
// A form is a matrix [phase][output][tap][input] of sums of filter taps. Folding the resampling
// into the taps leaves 16 of 36 products per low-resolution pixel:
//   plain   9 taps (1 for a 1x1 filter)
//   spread  2x2 taps on the low-resolution image for each of the 4 phases of a result's position
//   gather  4x4 taps with stride 2
// Transposed forms (flipped, inputs and outputs exchanged) serve the input gradient, where spread
// becomes gather and back. Sums are f32, rounded once; constants stay in the epilogue. While
// training Adam makes them anew in its own launch (adam.cu); get() packs what it did not.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "kernels/cuda/conv/filters/taps.h"
#include "kernels/cuda/device/queue.h"

namespace pg::cuda {

enum class FilterUse : uint8_t { forward, transposed };

struct PackedFilter {
  ConstTensorView w;  // [K, 3, 3, C] or, for plain, [K, 1, 1, C]; f32. Its version is the form's
  TapPattern form = TapPattern::plain;
  FilterUse use = FilterUse::forward;
  DType dtype = DType::bf16;  // or f32: rounded to the nearest tf32

  int64_t phases() const { return form == TapPattern::spread ? 4 : 1; }
  int64_t taps() const;  // of one phase
  int64_t outputs() const { return use == FilterUse::forward ? w.shape.n : w.shape.c; }
  int64_t inputs() const { return use == FilterUse::forward ? w.shape.c : w.shape.n; }
  int64_t padded_inputs() const;  // up to whole 16-byte chunks; the rest is zero
  int64_t bytes() const;
};

// Forms are made of tiles of so many outputs and inputs.
inline constexpr int kFilterTile = 32;

// What a kernel that makes a form must know of it.
struct PackedCopy {
  void* data;
  TapPattern form;
  FilterUse use;
  DType dtype;
};

// The forms of filters that have a version, each at one address as long as its shape stays. They
// live until clear() or the end; there are as many as there are layers. While training Adam makes
// those in use anew in its own launch (adam.cu), and get() packs what no step made.
class PackedFilters {
 public:
  explicit PackedFilters(QueueUse use = QueueUse::device) : use_(use) {}
  ~PackedFilters() { clear(); }
  PackedFilters(const PackedFilters&) = delete;
  PackedFilters& operator=(const PackedFilters&) = delete;

  // The form, packed on the queue if it is not there in this version. Without a version it is
  // packed each time into the queue's scratch memory and valid until that is taken again. Allocates
  // the first time a form is asked for, which must not be while a graph is captured.
  const void* get(Queue& queue, const PackedFilter& form);

  // A form of a 3x3 filter that whoever changes the filter may make anew by the way.
  struct InUse {
    const float* w;
    Shape shape;
    PackedCopy copy;
  };
  // Those of filters within `flat` that hold version flat.previous and were asked for since they
  // were last in such a list, by address. Filters of the list are the same or do not overlap: of
  // others only the first is in it, and the rest are packed when they are asked for.
  std::vector<InUse> in_use(const TensorView& flat);
  // Work that is queued by now makes them; they hold `version` from now on.
  void made(const std::vector<InUse>& list, uint64_t version);

  // Of all copies, outgrown ones among them.
  int64_t bytes() const { return bytes_; }

  // Gives the memory back; no queued work and no captured graph may use it any more.
  void clear();

 private:
  struct Entry {
    void* data = nullptr;
    int64_t bytes = 0;
    Shape shape;
    uint64_t version = 0;
    bool asked_for = false;  // since it was last in a list of in_use()
  };
  using Key = std::tuple<const void*, TapPattern, FilterUse, DType>;

  QueueUse use_;
  int64_t bytes_ = 0;
  std::map<Key, Entry> entries_;
  std::vector<void*> outgrown_;  // captured graphs may still use them
};

}  // namespace pg::cuda
