// parameters.h: the parameters of one network in one flat buffer with named views.
//
// With one buffer, the optimizer and the EMA are one call each. Specs are ordered by the first
// resolution that uses them, so the parameters of a stage are a prefix of the buffer (including a
// few unused to/from-RGB layers, whose gradient is zero).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/tensor.h"

namespace pg {

// Initial values: zeros; N(0, init_scale^2); N(0, 1) divided by its root mean square, which becomes
// a factor of ParameterStore::scale instead; or uniform in -init_scale .. init_scale.
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
  // Views of the parameters in use at `resolution`, in order, within `flat` or another buffer of
  // the same layout.
  std::vector<Tensor> views(const Tensor& flat, int64_t resolution) const;
  std::vector<Tensor> all() const { return views(flat_, specs_.back().resolution); }
  const Tensor& flat() const { return flat_; }
  // Length of the prefix in use at `resolution`, in elements.
  int64_t prefix(int64_t resolution) const;
  int64_t count() const { return flat_.numel(); }
  // "8x8/Conv1/weight[12]" for an element of the flat buffer.
  std::string element_name(int64_t element) const;

  // Draws the initial values from the Philox stream (seed, stream).
  void initialize(uint64_t seed, uint64_t stream);

  // Run-time constant of a layer: the spec's scale times a factor, which is 1 unless
  // Init::unit_rms or an import sets it.
  double scale(size_t index) const { return specs_[index].scale * factors_[index]; }
  const std::vector<double>& factors() const { return factors_; }
  void set_factors(std::vector<double> factors);

 private:
  void initialize_one(size_t index, RandomStream& random);

  std::vector<ParameterSpec> specs_;
  std::vector<int64_t> first_;  // first element of each spec
  std::vector<double> factors_;
  std::unordered_map<std::string, size_t> index_;
  Tensor flat_;
};

}  // namespace pg
