// tensor.h: Context (one device with its memory and its tape) and Tensor (a counted handle).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/arena.h"
#include "kernels/backend.h"

namespace pg {

class Tape;

// How much memory the arenas of a context request at a time, in bytes.
struct ArenaBlocks {
  int64_t persistent = int64_t{64} << 20;
  int64_t step = int64_t{512} << 20;  // untouched memory costs nothing on the CPU
};

// What every tensor of one device shares. Lives longer than its tensors.
class Context {
 public:
  explicit Context(Backend& backend, const ArenaBlocks& blocks = {});

  Backend& backend() { return backend_; }
  Arena& persistent() { return persistent_; }
  Arena& step() { return step_; }
  Tape* tape() const { return recording_ ? tape_ : nullptr; }  // where ops record, or none

 private:
  friend class Tape;
  friend class RecordingScope;
  Backend& backend_;
  Arena persistent_, step_;
  Tape* tape_ = nullptr;
  bool recording_ = false;
};

enum class Lifetime : uint8_t { step, persistent };  // which arena

// A contiguous array on a device, and possibly a place on the context's tape. Copies share the
// memory; the last one gives it back. An empty Tensor stands for "none" (or a gradient of zero).
class Tensor {
 public:
  Tensor() = default;
  Tensor(Context& context, const Shape& shape, DType dtype, Lifetime lifetime = Lifetime::step);

  explicit operator bool() const { return impl_ != nullptr; }
  const Shape& shape() const { return impl_->shape; }
  DType dtype() const { return impl_->dtype; }
  int64_t numel() const { return impl_->shape.numel(); }
  Context& context() const { return *impl_->context; }
  Backend& backend() const { return impl_->context->backend(); }
  ConstTensorView view() const { return {impl_->data, impl_->dtype, impl_->shape, version()}; }
  // For one write, which gives persistent memory a new version: call it anew for each.
  TensorView mut() const;

  // Identifies the contents of the memory, which every alias shares, for caches of transformed
  // weights. Never the same again after a write; 0 in step memory, which is not tracked: its
  // addresses are reused within a step.
  uint64_t version() const { return impl_->storage->version; }
  // Gives the memory a new version after a write without mut(): the replay of a captured graph.
  void note_written() const;

  // `count` elements from `first` on, as `shape`, sharing memory and lifetime; not on the tape.
  Tensor alias(const Shape& shape, int64_t first = 0) const;

  bool unique() const { return impl_.use_count() == 1 && impl_->storage.use_count() == 1; }

 private:
  friend class Tape;
  struct Storage {
    Arena* arena;
    void* data;
    uint64_t version;  // 0: not tracked
    ~Storage() { arena->release(data); }
  };
  struct Impl {
    Context* context;
    std::shared_ptr<Storage> storage;
    void* data;
    DType dtype;
    Shape shape;
    uint64_t tape_id = 0;  // of the tape that holds node, 0: none
    int64_t node = -1;
  };
  static uint64_t next_version();
  std::shared_ptr<Impl> impl_;
};

// Host copies; f32 and f64 tensors convert. Sizes must agree.
std::vector<double> to_host(const Tensor& x);
void from_host(const Tensor& x, std::span<const double> values);

// A tensor of the step arena with shape `shape` and the dtype and context of `like`, not cleared.
Tensor empty(const Shape& shape, const Tensor& like);
inline Tensor empty_like(const Tensor& like) { return empty(like.shape(), like); }
Tensor full(const Shape& shape, double value, const Tensor& like);

}  // namespace pg
