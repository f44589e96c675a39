// random.h: a stream of random numbers on a device; its only state is a counter.
#pragma once

#include "engine/tensor.h"
#include "kernels/philox.h"

namespace pg {

// The Philox stream (seed, stream) from `position` on. Streams with different (seed, stream) never
// overlap; the same position yields the same numbers on every device.
class RandomStream {
 public:
  RandomStream(Context& context, uint64_t seed, uint64_t stream);

  // Call at the start of each iteration: uploads the position. The draws of the iteration are
  // offsets from it, so a captured iteration draws new numbers at each replay.
  void begin_step();
  Tensor normal(const Shape& shape, DType dtype = DType::f32);   // N(0, 1)
  Tensor uniform(const Shape& shape, DType dtype = DType::f32);  // [0, 1)
  void normal_into(const Tensor& y);
  void uniform_into(const Tensor& y);

  uint64_t position() const { return position_; }
  void seek(uint64_t position) { position_ = position; }
  void choose_stream(uint64_t stream) { stream_ = stream; }

 private:
  PhiloxArgs next(const Tensor& y);
  uint64_t seed_, stream_, position_ = 0;
  uint64_t begin_ = 0;  // value of counter_
  Tensor counter_;
};

}  // namespace pg
