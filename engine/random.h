// random.h: a stream of random numbers on a device whose whole state is one counter.
#pragma once

#include "engine/tensor.h"
#include "kernels/philox.h"

namespace pg {

// Numbers of the Philox stream (seed, stream) from `position` on. Two streams with different
// (seed, stream) never meet; the same position gives the same numbers on every device.
class RandomStream {
 public:
  RandomStream(Context& context, uint64_t seed, uint64_t stream);

  // To be called at the begin of each step: brings the position to the device. The draws of the
  // step are offsets from it, so a captured step draws new numbers each time it is replayed.
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
  uint64_t begin_ = 0;  // what counter_ holds
  Tensor counter_;
};

}  // namespace pg
