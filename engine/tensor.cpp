// tensor.cpp: creation, versions and host copies of tensors.
#include "engine/tensor.h"

#include <algorithm>
#include <atomic>

namespace pg {

Context::Context(Backend& backend, const ArenaBlocks& blocks)
    : backend_(backend), persistent_(backend, blocks.persistent), step_(backend, blocks.step) {}

Tensor::Tensor(Context& context, const Shape& shape, DType dtype, Lifetime lifetime) {
  PG_CHECK(shape.n >= 1 && shape.h >= 1 && shape.w >= 1 && shape.c >= 1, ShapeError,
           "tensor of shape ", shape, ": expected extents of at least 1");
  Arena& arena = lifetime == Lifetime::step ? context.step() : context.persistent();
  void* const data = arena.allocate(bytes_of(shape, dtype));
  const uint64_t version = lifetime == Lifetime::persistent ? next_version() : 0;
  auto storage = std::make_shared<Storage>(&arena, data, version);
  impl_ = std::make_shared<Impl>(
      Impl{.context = &context, .storage = storage, .data = data, .dtype = dtype, .shape = shape});
}

Tensor Tensor::alias(const Shape& shape, int64_t first) const {
  PG_CHECK(first >= 0 && first + shape.numel() <= numel(), ShapeError, "a view of shape ", shape,
           " from element ", first, " exceeds the tensor of shape ", this->shape());
  Tensor y;
  y.impl_ = std::make_shared<Impl>(
      Impl{.context = impl_->context,
           .storage = impl_->storage,
           .data = static_cast<char*>(impl_->data) + first * size_of(dtype()),
           .dtype = impl_->dtype,
           .shape = shape});
  return y;
}

uint64_t Tensor::next_version() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

TensorView Tensor::mutable_view() const {
  const uint64_t previous = version();
  note_written();
  return {impl_->data, impl_->dtype, impl_->shape, version(), previous};
}

void Tensor::note_written() const {
  if (version() != 0) impl_->storage->version = next_version();
}

std::vector<double> to_host(const Tensor& x) {
  std::vector<double> out(static_cast<size_t>(x.numel()));
  dispatch_float(x.dtype(), [&]<typename T>(TypeTag<T>) {
    std::vector<T> raw(out.size());
    x.backend().download(raw.data(), x.view());
    std::copy(raw.begin(), raw.end(), out.begin());
  });
  return out;
}

void from_host(const Tensor& x, std::span<const double> values) {
  PG_CHECK(static_cast<int64_t>(values.size()) == x.numel(), ShapeError, "expected ", x.numel(),
           " values for a tensor of shape ", x.shape(), ", got ", values.size());
  dispatch_float(x.dtype(), [&]<typename T>(TypeTag<T>) {
    std::vector<T> raw(values.size());
    std::transform(values.begin(), values.end(), raw.begin(),
                   [](double v) { return static_cast<T>(v); });
    x.backend().upload(x.mutable_view(), raw.data());
  });
}

Tensor empty(const Shape& shape, const Tensor& like) {
  return Tensor(like.context(), shape, like.dtype());
}

Tensor full(const Shape& shape, double value, const Tensor& like) {
  Tensor y = empty(shape, like);
  y.backend().fill({.y = y.mutable_view(), .value = value});
  return y;
}

}  // namespace pg
