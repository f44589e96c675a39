// trust.h: what selftests have shown of a GPU, remembered for each program, driver and card.
//
// The first training on a GPU checks it once. Families of tensor-core kernels that fail there are
// skipped from then on, which costs speed and never a wrong model.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/gpu.h"
#include "model/config/config.h"
#include "model/device/device_choice.h"
#include "model/selftest/outcome.h"

namespace pg::selftest {

struct Trust {
  TensorKernels left_out{};
  std::vector<std::string> failed{};  // names of the checks that failed
};

// $XDG_CACHE_HOME/progan_cuda/selftest-<card>-<UUID>-<driver>-<runtime>-<program>.json (in ~/.cache
// if XDG_CACHE_HOME is not set), beside the autotuner's file. Empty if there is no such folder.
std::filesystem::path trust_file(const GpuDetails& gpu);

// Nothing if the GPU was not checked, or if the file is damaged.
std::optional<Trust> remembered_trust(const GpuDetails& gpu);
// Replaces the file in one step. Failing to write it only costs another selftest.
void remember(const GpuDetails& gpu, const Trust& trust);

// The families of `all` that training in a resolved precision would use.
TensorKernels used_by(Precision precision, TensorKernels all);

// Of a complete session without failures that nothing can make up for.
Trust trust_of(const Report& report);

// The kernels that training skips on this device, and warnings for its log. A GPU that is unknown
// is checked first, after say("checking ..."). Nothing is skipped, checked or remembered on a CPU
// or with SelftestUse::off. Throws DeviceError, with what to report, if the GPU cannot be trusted.
struct Decision {
  TensorKernels left_out{};
  std::vector<std::string> warnings{};
};
Decision decide_trust(const DeviceChoice& device, SelftestUse use, Precision precision,
                      const std::function<void(const std::string&)>& say);

// The remembered part of that: checks nothing.
TensorKernels remembered_left_out(const DeviceChoice& device, SelftestUse use, Precision precision);

}  // namespace pg::selftest
