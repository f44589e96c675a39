// gan_health.cpp: signs of divergence in gradients and weights.
#include "model/training/gan_health.h"

#include <cmath>

namespace pg {

FirstBadGradients take_first_bad_gradients(GanState& state) {
  const auto take = [](const char* network, Adam& adam, const ParameterStore& store) {
    const FirstBad first = adam.first_bad();
    adam.clear_first_bad();
    if (!first.found) return BadGradient{};
    return BadGradient{first.steps_ago, message(network, "/", store.element_name(first.element))};
  };
  return {.d = take("D", state.d_adam, state.d), .g = take("G", state.g_adam, state.g)};
}

std::string first_bad_weight(const GanState& state) {
  for (const auto& [network, store] :
       {std::pair("D", &state.d), std::pair("G", &state.g), std::pair("Gs", &state.ema)}) {
    const GradStats found = norm_of(store->flat());
    if (!found.finite) return message(network, "/", store->element_name(found.first_bad));
  }
  return "";
}

std::string first_bad_moment(const GanState& state) {
  for (const auto& [network, adam] :
       {std::pair("D", &state.d_adam), std::pair("G", &state.g_adam)}) {
    for (const auto& [name, tensor] : adam->state()) {
      const GradStats found = norm_of(tensor);
      if (!found.finite) return message(network, ".adam/", name, "[", found.first_bad, "]");
    }
  }
  return "";
}

std::vector<std::pair<std::string, WeightNorms>> weight_norms(const GanState& state,
                                                              int64_t resolution) {
  std::vector<std::pair<std::string, WeightNorms>> norms;
  const auto add = [&](const char* network, const ParameterStore& store, const Adam& adam) {
    const int64_t count = store.prefix(resolution);
    const double norm = norm_of(store.flat().alias({1, 1, 1, count})).norm;
    norms.emplace_back(network,
                       WeightNorms{.norm = norm,
                                   .root_mean_square = norm / std::sqrt(static_cast<double>(count)),
                                   .update = adam.update_norm(resolution)});
  };
  add("G", state.g, state.g_adam);
  add("D", state.d, state.d_adam);
  return norms;
}

}  // namespace pg
