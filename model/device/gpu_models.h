// gpu_models.h: GPUs by name, for plans on machines without them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/planning.h"

namespace pg {

// "h100", "rtx4090", ... Throws UsageError for an unknown name, with the nearest known one.
GpuModel gpu_model(std::string_view name);
std::vector<std::string> gpu_model_names();

// The GPU that a plan assumes if none is here and none is named.
inline constexpr std::string_view kUsualGpu = "h100";

}  // namespace pg
