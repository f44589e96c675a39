// gan_health.cpp: what a Gan tells of gradients and weights to whoever watches over it.
#include <cmath>

#include "model/training/gan.h"

namespace pg {

Gan::FirstBadGradients Gan::take_first_bad_gradients() {
  const auto take = [](const char* network, Adam& adam, const ParameterStore& store) {
    const FirstBad first = adam.first_bad();
    adam.clear_first_bad();
    if (!first.found) return BadGradient{};
    return BadGradient{first.steps_ago, message(network, "/", store.element_name(first.element))};
  };
  return {.d = take("D", *d_adam_, *d_), .g = take("G", *g_adam_, *g_)};
}

std::string Gan::first_bad_weight() const {
  for (const auto& [network, store] :
       {std::pair("D", d_.get()), std::pair("G", g_.get()), std::pair("Gs", average_.get())}) {
    const GradStats found = norm_of(store->flat());
    if (!found.finite) return message(network, "/", store->element_name(found.first_bad));
  }
  return "";
}

std::vector<std::pair<std::string, Gan::WeightNorms>> Gan::weight_norms(int64_t resolution) const {
  std::vector<std::pair<std::string, WeightNorms>> norms;
  const auto add = [&](const char* network, const ParameterStore& store, const Adam& adam) {
    const int64_t count = store.prefix(resolution);
    const double norm = norm_of(store.flat().alias({1, 1, 1, count})).norm;
    norms.emplace_back(network,
                       WeightNorms{.norm = norm,
                                   .root_mean_square = norm / std::sqrt(static_cast<double>(count)),
                                   .update = adam.update_norm(resolution)});
  };
  add("G", *g_, *g_adam_);
  add("D", *d_, *d_adam_);
  return norms;
}

}  // namespace pg
