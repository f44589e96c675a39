// tensor.h: Context (one device with its memory and its tape) and Tensor (a counted handle).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/arena.h"
#include "kernels/backend.h"

namespace pg {

class Tape;

// Block sizes of a context's arenas, in bytes.
struct ArenaBlocks {
  int64_t persistent = int64_t{64} << 20;
  int64_t step = int64_t{512} << 20;  // the CPU backs memory at its first write
};

// A device, its memory and its tape, shared by its tensors, which it must outlive.
class Context {
 public:
  explicit Context(Backend& backend, const ArenaBlocks& blocks = {});

  Backend& backend() { return backend_; }
  Arena& persistent() { return persistent_; }
  Arena& step() { return step_; }
  Tape* tape() const { return recording_ ? tape_ : nullptr; }  // null: nothing is recorded

 private:
  friend class Tape;
  friend class RecordingScope;
  Backend& backend_;
  Arena persistent_, step_;
  Tape* tape_ = nullptr;
  bool recording_ = false;
};

enum class Lifetime : uint8_t { step, persistent };  // which arena

// A contiguous array on a device, possibly with a node on the context's tape. Copies share the
// memory; the last one releases it. An empty Tensor means "none" (or a gradient of zero).
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
  // For a single write: gives persistent memory a new version, so call it again for the next write.
  TensorView mutable_view() const;

  // Identifies the contents of persistent memory, for caches of packed filters: no two versions of
  // a process are equal, and all aliases of one memory share theirs. 0 in step memory, whose
  // addresses are reused all the time.
  uint64_t version() const { return impl_->storage->version; }
  // Gives persistent memory a new version after a write without mutable_view(), which only the
  // replay of a captured graph does.
  void note_written() const;

  // Elements from `first` on, as `shape`, sharing memory and lifetime; not on the tape. Throws
  // ShapeError if they exceed this tensor.
  Tensor alias(const Shape& shape, int64_t first = 0) const;

  // Whether this is the only handle of the memory.
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

// Copies from and to the host, converted from and to the element type of x. from_host throws
// ShapeError if the sizes differ.
std::vector<double> to_host(const Tensor& x);
void from_host(const Tensor& x, std::span<const double> values);

// A tensor in the step arena with the dtype and context of `like`, not cleared.
Tensor empty(const Shape& shape, const Tensor& like);
inline Tensor empty_like(const Tensor& like) { return empty(like.shape(), like); }
Tensor full(const Shape& shape, double value, const Tensor& like);

}  // namespace pg
