// parameters.h: the parameters of one network in one flat buffer with named views.
//
// One buffer makes the optimizer, the moving average and a gradient exchange one call each. Specs
// are ordered by the resolution at which they begin to take part, so the parameters of a stage are
// a prefix of the buffer (a few unused to/from-RGB layers included, whose gradient is zero).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/tensor.h"

namespace pg {

struct ParameterSpec {
  std::string name;
  Shape shape;
  double init_stddev = 1.0;  // N(0, init_stddev^2); 0: zeros
  int64_t resolution = 4;    // first resolution that uses it
};

class ParameterStore {
 public:
  // Specs must be ordered by resolution. Memory is persistent; contents are zero.
  ParameterStore(Context& context, std::vector<ParameterSpec> specs, DType dtype = DType::f32);

  const std::vector<ParameterSpec>& specs() const { return specs_; }
  // A view of one parameter that carries the present version. Throws Error for an unknown name.
  Tensor get(const std::string& name) const;
  // Views of every parameter in use at `resolution`, in order, and of a buffer laid out alike.
  std::vector<Tensor> views(const Tensor& flat, int64_t resolution) const;
  std::vector<Tensor> all() const { return views(flat_, specs_.back().resolution); }
  const Tensor& flat() const { return flat_; }
  // Elements in use at `resolution`: the prefix of the flat buffer.
  int64_t prefix(int64_t resolution) const;
  int64_t count() const { return flat_.numel(); }

  // Draws every parameter from N(0, init_stddev^2): Philox stream (seed, stream).
  void initialize(uint64_t seed, uint64_t stream);
  // To be called after every change of the contents: transformed copies become stale.
  void touch();

 private:
  std::vector<ParameterSpec> specs_;
  std::vector<int64_t> first_;  // element of each spec
  std::unordered_map<std::string, size_t> index_;
  Tensor flat_;
};

}  // namespace pg
