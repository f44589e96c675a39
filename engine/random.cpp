// random.cpp: draws from a stream, and its position.
#include "engine/random.h"

namespace pg {

RandomStream::RandomStream(Context& context, uint64_t seed, uint64_t stream)
    : seed_(seed), stream_(stream), counter_(context, {}, DType::u64, Lifetime::persistent) {
  begin_step();
}

void RandomStream::begin_step() {
  begin_ = position_;
  counter_.backend().upload(counter_.mutable_view(), &begin_);
}

PhiloxArgs RandomStream::next(const Tensor& y) {
  const uint64_t offset = position_ - begin_;
  position_ += philox_blocks(y.numel());
  return {.y = y.mutable_view(),
          .counter = counter_.view(),
          .seed = seed_,
          .stream = stream_,
          .offset = offset};
}

Tensor RandomStream::normal(const Shape& shape, DType dtype) {
  Tensor y(counter_.context(), shape, dtype);
  normal_into(y);
  return y;
}

void RandomStream::normal_into(const Tensor& y) { y.backend().philox_normal(next(y)); }

void RandomStream::uniform_into(const Tensor& y) { y.backend().philox_uniform(next(y)); }

Tensor RandomStream::uniform(const Shape& shape, DType dtype) {
  Tensor y(counter_.context(), shape, dtype);
  uniform_into(y);
  return y;
}

}  // namespace pg
