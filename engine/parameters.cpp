// parameters.cpp: layout of the flat buffer and initialisation.
#include "engine/parameters.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/ops.h"
#include "engine/random.h"
#include "kernels/math.h"

namespace pg {
namespace {
// Parameters are aligned to 64 bytes (16 f32).
constexpr int64_t kAlignElements = 16;

double root_mean_square(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum / static_cast<double>(values.size()));
}
}  // namespace

ParameterStore::ParameterStore(Context& context, std::vector<ParameterSpec> specs, DType dtype)
    : specs_(std::move(specs)), factors_(specs_.size(), 1.0) {
  int64_t next = 0, resolution = 0;
  for (const ParameterSpec& spec : specs_) {
    PG_ASSERT(spec.resolution >= resolution);
    const bool is_new = index_.emplace(spec.name, first_.size()).second;
    PG_ASSERT(is_new);
    resolution = spec.resolution;
    first_.push_back(next);
    next += round_up(spec.shape.numel(), kAlignElements);
  }
  flat_ = Tensor(context, {1, 1, 1, next}, dtype, Lifetime::persistent);
  context.backend().fill({.y = flat_.mutable_view(), .value = 0.0});
}

Tensor ParameterStore::get(const std::string& name) const {
  const auto it = index_.find(name);
  PG_CHECK(it != index_.end(), Error, "unknown parameter '", name, "' of this network");
  return flat_.alias(specs_[it->second].shape, first_[it->second]);
}

std::vector<Tensor> ParameterStore::views(const Tensor& flat, int64_t resolution) const {
  std::vector<Tensor> views;
  for (size_t i = 0; i < specs_.size() && specs_[i].resolution <= resolution; ++i) {
    views.push_back(flat.alias(specs_[i].shape, first_[i]));
  }
  return views;
}

int64_t ParameterStore::prefix(int64_t resolution) const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].resolution > resolution) return first_[i];
  }
  return count();
}

std::string ParameterStore::element_name(int64_t element) const {
  const auto after = std::upper_bound(first_.begin(), first_.end(), element);
  const auto spec = static_cast<size_t>(after - first_.begin() - 1);
  return message(specs_[spec].name, "[", element - first_[spec], "]");
}

void ParameterStore::initialize_one(size_t index, RandomStream& random) {
  const ParameterSpec& spec = specs_[index];
  const Tensor w = flat_.alias(spec.shape, first_[index]);
  double scale = spec.init_scale, shift = 0.0;
  if (spec.init == Init::uniform) {
    random.uniform_into(w);
    shift = -scale;
    scale *= 2.0;
  } else {
    random.normal_into(w);
  }
  if (spec.init == Init::unit_rms) {
    factors_[index] = root_mean_square(to_host(w));
    scale = 1.0 / factors_[index];
  }
  if (scale != 1.0 || shift != 0.0) ops::affine_in_place(w, scale, shift);
}

void ParameterStore::initialize(uint64_t seed, uint64_t stream) {
  RandomStream random(flat_.context(), seed, stream);
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].init != Init::zeros) initialize_one(i, random);
  }
}

void ParameterStore::set_factors(std::vector<double> factors) {
  PG_ASSERT(factors.size() == specs_.size());
  factors_ = std::move(factors);
}

}  // namespace pg
