// presets.cpp: the published variants.
//
// Each is a function that changes what differs from official-tf, which the member initialisers of
// Config already are.
#include <span>

#include "kernels/error.h"
#include "model/config.h"
#include "model/suggest.h"

namespace pg {

namespace {

struct Preset {
  std::string_view name;
  void (*apply)(Config&);
};

void official_tf(Config&) {}

constexpr Preset kPresets[] = {
    {"official-tf", official_tf},
};

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& p : kPresets) names.emplace_back(p.name);
  return names;
}

Config preset(std::string_view name) {
  for (const Preset& p : kPresets) {
    if (p.name != name) continue;
    Config config;
    config.train.preset = name;
    p.apply(config);
    return config;
  }
  const std::string nearest = nearest_name(name, preset_names());
  if (!nearest.empty()) {
    throw UsageError(message("unknown preset '", name, "': did you mean '", nearest, "'?"));
  }
  std::string known;
  for (const std::string& n : preset_names()) known += (known.empty() ? "" : ", ") + n;
  throw UsageError(message("unknown preset '", name, "'; there are: ", known));
}

}  // namespace pg
