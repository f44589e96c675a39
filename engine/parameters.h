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

// How a parameter starts: zeros; N(0, scale^2); N(0, 1) divided by its root mean square, which
// multiplies ParameterStore::scale instead; or uniform in -scale .. scale.
enum class Init : uint8_t { zeros, normal, unit_rms, uniform };

struct ParameterSpec {
  std::string name;
  Shape shape;
  Init init = Init::normal;
  double init_scale = 1.0;
  int64_t resolution = 4;  // first resolution that uses it
  double scale = 1.0;      // run-time constant of the layer (equalized learning rate)
};

class RandomStream;

class ParameterStore {
 public:
  // Specs must be ordered by resolution. Memory is persistent; contents are zero.
  ParameterStore(Context& context, std::vector<ParameterSpec> specs, DType dtype = DType::f32);

  const std::vector<ParameterSpec>& specs() const { return specs_; }
  // A view of one parameter. Throws Error for an unknown name.
  Tensor get(const std::string& name) const;
  // Views of every parameter in use at `resolution`, in order, and of a buffer laid out alike.
  std::vector<Tensor> views(const Tensor& flat, int64_t resolution) const;
  std::vector<Tensor> all() const { return views(flat_, specs_.back().resolution); }
  const Tensor& flat() const { return flat_; }
  // Elements in use at `resolution`: the prefix of the flat buffer.
  int64_t prefix(int64_t resolution) const;
  int64_t count() const { return flat_.numel(); }
  // "8x8/Conv1/weight[12]" for an element of the flat buffer.
  std::string element_name(int64_t element) const;

  // Draws every parameter as its spec says: Philox stream (seed, stream).
  void initialize(uint64_t seed, uint64_t stream);

  // Run-time constant of a layer: the spec's, times a factor that Init::unit_rms or an imported
  // network sets for each parameter; 1 otherwise.
  double scale(size_t index) const { return specs_[index].scale * factors_[index]; }
  const std::vector<double>& factors() const { return factors_; }
  void set_factors(std::vector<double> factors);

 private:
  void initialize_one(size_t index, RandomStream& random);

  std::vector<ParameterSpec> specs_;
  std::vector<int64_t> first_;  // element of each spec
  std::vector<double> factors_;
  std::unordered_map<std::string, size_t> index_;
  Tensor flat_;
};

}  // namespace pg
